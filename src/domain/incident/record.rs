//! Incidents of the past and present with what is known of each, for the record and for whoever works on one.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Incident, store};
use crate::domain::op::{Op, Scope};
use crate::storage::TenantId;

/// One incident, open or over.
#[derive(Clone, Debug)]
pub struct Record {
    pub id: Uuid,
    pub incident: Incident,
    /// The last sign of it.
    pub last_seen_at: OffsetDateTime,
    /// None while it is open.
    pub closed_at: Option<OffsetDateTime>,
    /// As `msal_errors.class`; empty when no answer of Microsoft is behind it.
    pub class: String,
}

/// A tenant that an incident touches.
#[derive(Clone, Debug)]
pub struct Touched {
    pub tenant_id: TenantId,
    pub short_name: String,
    pub full_name: String,
    /// Its first failure since the last success, while it has trouble.
    pub trouble_since: Option<OffsetDateTime>,
    pub last_ok_at: Option<OffsetDateTime>,
}

/// The incidents within `scope` that are open, and the newest `limit` that are over: open ones first, then the newest.
pub async fn latest(op: &mut Op, scope: Scope, limit: i64) -> Result<Vec<Record>, sqlx::Error> {
    store::latest(op, scope, limit).await
}

/// One incident; none when absent or out of scope.
pub async fn find(op: &mut Op, scope: Scope, id: Uuid) -> Result<Option<Record>, sqlx::Error> {
    store::find(op, scope, id).await
}

/// The tenants within `scope` that it touches, those still in trouble first; at most `limit`.
pub async fn touched(
    op: &mut Op,
    scope: Scope,
    id: Uuid,
    limit: i64,
) -> Result<Vec<Touched>, sqlx::Error> {
    store::touched(op, scope, id, limit).await
}
