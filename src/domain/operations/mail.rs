//! Letters that went out and letters that did not.

use time::{Duration, OffsetDateTime};

use super::store::deliveries;
use crate::domain::op::{Op, Scope};
use crate::storage::TenantId;

/// One letter, sent or not.
#[derive(Clone, Debug)]
pub struct Letter {
    pub at: OffsetDateTime,
    /// Short name; empty when it concerned no tenant.
    pub tenant: String,
    pub kind: String,
    pub sent: bool,
    /// Why it did not go out; empty when it did.
    pub reason: String,
}

/// The letters of the last day, and the newest ones that did not go out.
#[derive(Clone, Debug, Default)]
pub struct Mails {
    pub sent: i64,
    pub failed: i64,
    pub last_sent_at: Option<OffsetDateTime>,
    pub newest_failed: Vec<Letter>,
}

/// Write down how the sending of a letter ended; `reason` is empty when it went out.
pub async fn record_mail(
    op: &mut Op,
    tenant: Option<TenantId>,
    kind: &'static str,
    reason: &str,
) -> Result<(), sqlx::Error> {
    deliveries::record(op, tenant, kind, reason).await
}

/// The letters of the last day; for whoever is limited, those that concerned tenants within `scope`.
pub async fn mails(op: &mut Op, scope: Scope) -> Result<Mails, sqlx::Error> {
    let since = op.now() - Duration::days(1);
    deliveries::mails(op, scope, since).await
}
