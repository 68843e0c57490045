//! Snooze a tenant: until a date it is no longer among those that call for somebody, because somebody knows. Nothing else
//! changes: it stays in every list, and the keeper goes on.

use time::{Date, Duration, OffsetDateTime, Time};

use super::store;
use crate::domain::audit::Entry;
use crate::domain::line::plain;
use crate::domain::op::{Op, Scope};
use crate::storage::TenantId;

/// Nobody knows what will be after so long.
const LONGEST: Duration = Duration::days(366);
const LONGEST_REASON: usize = 200;

/// Why nothing was snoozed.
#[derive(Debug, thiserror::Error)]
pub enum SnoozeError {
    #[error("the date has passed")]
    Past,
    #[error("the date is more than a year away")]
    TooFar,
    #[error("a reason is needed")]
    NoReason,
    #[error("the reason is too long")]
    ReasonTooLong,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Snooze these tenants through the day `until` (UTC), for a reason that colleagues will read. Gives how many there were.
pub async fn snooze(
    op: &mut Op,
    scope: Scope,
    tenants: &[TenantId],
    until: Date,
    reason: &str,
) -> Result<usize, SnoozeError> {
    let ends = ends(until, op.now())?;
    let reason = plain(reason);
    match reason.chars().count() {
        0 => return Err(SnoozeError::NoReason),
        n if n > LONGEST_REASON => return Err(SnoozeError::ReasonTooLong),
        _ => {}
    }
    let snoozed = store::upsert_snooze(op, scope, tenants, ends, &reason).await?;
    for tenant in &snoozed {
        Entry::new("tenant.snoozed")
            .tenant(*tenant)
            .object("tenant", *tenant)
            .detail("until", until.to_string())
            .detail("reason", reason.as_str())
            .write(op)
            .await?;
    }
    Ok(snoozed.len())
}

/// End the snoozes of these tenants; gives how many there were.
pub async fn wake(op: &mut Op, scope: Scope, tenants: &[TenantId]) -> Result<usize, sqlx::Error> {
    let woken = store::delete_snooze(op, scope, tenants).await?;
    for tenant in &woken {
        Entry::new("tenant.woken")
            .tenant(*tenant)
            .object("tenant", *tenant)
            .write(op)
            .await?;
    }
    Ok(woken.len())
}

/// The end of the day `until`.
fn ends(until: Date, now: OffsetDateTime) -> Result<OffsetDateTime, SnoozeError> {
    let ends = until
        .next_day()
        .ok_or(SnoozeError::TooFar)?
        .with_time(Time::MIDNIGHT)
        .assume_utc();
    match ends - now {
        left if left <= Duration::ZERO => Err(SnoozeError::Past),
        left if left > LONGEST => Err(SnoozeError::TooFar),
        _ => Ok(ends),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn it_lasts_through_the_day_named() {
        let now = datetime!(2026-03-02 08:00 UTC);
        assert_eq!(
            ends(date!(2026 - 03 - 02), now).unwrap(),
            datetime!(2026-03-03 00:00 UTC)
        );
        assert!(matches!(
            ends(date!(2026 - 03 - 01), now),
            Err(SnoozeError::Past)
        ));
        assert!(matches!(
            ends(date!(2027 - 04 - 01), now),
            Err(SnoozeError::TooFar)
        ));
    }
}
