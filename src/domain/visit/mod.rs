//! A technician's stay in one tenant's Customer portal: it has an end, entering and leaving are written down, and the customer's
//! "Activity" tells who was there and for how long.

mod store;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::audit::Entry;
use super::op::{Op, Scope};
use crate::storage::{TenantId, VisitId};

/// A stay that began, as the login session remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    pub tenant: TenantId,
    pub id: VisitId,
    /// Seconds since 1970.
    until: i64,
}

impl Stay {
    /// How long it may last yet; none when its time is over.
    pub fn left(&self, now: OffsetDateTime) -> Option<Duration> {
        let left = Duration::seconds(self.until - now.unix_timestamp());
        left.is_positive().then_some(left)
    }
}

/// A stay as the customer's portal tells it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The technician's name.
    pub who: String,
    pub began_at: OffsetDateTime,
    /// From entering to leaving; when nobody left, to the last page that was asked for.
    pub stayed: Duration,
    pub end: End,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It may last yet.
    Open,
    /// By leaving, or by entering another tenant.
    Left,
    /// Its time ran out.
    Over,
}

/// Enter a tenant for at most `span`; a former stay of the same login ends.
pub async fn enter(
    op: &mut Op,
    tenant: TenantId,
    span: Duration,
    former: Option<Stay>,
) -> Result<Stay, sqlx::Error> {
    if let Some(former) = former {
        store::end(op, former.tenant, former.id).await?;
    }
    let id = VisitId::new();
    let until = op.now() + span;
    store::insert(op, tenant, id, until).await?;
    Entry::new("customer_portal.entered")
        .tenant(tenant)
        .object("tenant", tenant)
        .detail("minutes", span.whole_minutes())
        .write(op)
        .await?;
    Ok(Stay {
        tenant,
        id,
        until: until.unix_timestamp(),
    })
}

/// Somebody is still there; true when that was to be written down, which is once a minute.
pub async fn seen(op: &mut Op, stay: &Stay) -> Result<bool, sqlx::Error> {
    store::seen(op, stay.tenant, stay.id).await
}

/// Leave.
pub async fn leave(op: &mut Op, stay: &Stay) -> Result<(), sqlx::Error> {
    store::end(op, stay.tenant, stay.id).await?;
    Entry::new("customer_portal.left")
        .tenant(stay.tenant)
        .object("tenant", stay.tenant)
        .write(op)
        .await
}

/// The newest stays in this tenant's portal, at most `most`.
pub async fn newest(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    most: i64,
) -> Result<Vec<Told>, sqlx::Error> {
    store::newest(op, scope, tenant, most).await
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_stay_ends_to_the_second() {
        let stay = Stay {
            tenant: TenantId::new(),
            id: VisitId::new(),
            until: datetime!(2026-11-21 10:00 UTC).unix_timestamp(),
        };
        let left = |at| stay.left(at).map(Duration::whole_seconds);
        assert_eq!(left(datetime!(2026-11-21 09:59 UTC)), Some(60));
        assert_eq!(left(datetime!(2026-11-21 10:00 UTC)), None);
        assert_eq!(left(datetime!(2027-01-01 0:00 UTC)), None);
    }
}
