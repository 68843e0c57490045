//! Snooze an alert: until a date nobody is reminded, because somebody knows.

use time::{Date, Duration, OffsetDateTime, Time};
use uuid::Uuid;

use super::{get, store};
use crate::domain::audit::Entry;
use crate::domain::line::plain;
use crate::domain::op::{Actor, Op, Scope};

const LONGEST: Duration = Duration::days(366);
const LONGEST_REASON: usize = 200;

/// Why nothing was snoozed.
#[derive(Debug, thiserror::Error)]
pub enum SnoozeError {
    #[error("the alert is not there, or is over")]
    NotThere,
    /// There is no snooze to end.
    #[error("the alert is not snoozed")]
    NotSnoozed,
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

/// Snooze an open alert within `scope` through the day `until` (UTC).
pub async fn snooze(
    op: &mut Op,
    scope: Scope,
    id: Uuid,
    until: Date,
    reason: &str,
) -> Result<OffsetDateTime, SnoozeError> {
    let ends = until
        .next_day()
        .ok_or(SnoozeError::TooFar)?
        .with_time(Time::MIDNIGHT)
        .assume_utc();
    match ends - op.now() {
        left if left <= Duration::ZERO => return Err(SnoozeError::Past),
        left if left > LONGEST => return Err(SnoozeError::TooFar),
        _ => {}
    }
    let reason = plain(reason);
    match reason.chars().count() {
        0 => return Err(SnoozeError::NoReason),
        n if n > LONGEST_REASON => return Err(SnoozeError::ReasonTooLong),
        _ => {}
    }
    let alert = get(op, scope, id).await?.ok_or(SnoozeError::NotThere)?;
    let by = match op.actor() {
        Actor::Technician { email, .. } => email.clone(),
        Actor::Key { name, .. } => name.clone(),
        _ => String::new(),
    };
    if !store::alerts::snooze(op, id, Some(ends), &reason, &by).await? {
        return Err(SnoozeError::NotThere);
    }
    let mut entry = Entry::new("alert.snoozed").object("alert", id);
    if let Some(tenant) = &alert.tenant {
        entry = entry.tenant(tenant.id);
    }
    entry
        .detail("until", until.to_string())
        .detail("reason", reason)
        .write(op)
        .await?;
    Ok(ends)
}

/// End the snooze of an alert: whoever is to be told is told at the next look.
pub async fn wake(op: &mut Op, scope: Scope, id: Uuid) -> Result<(), SnoozeError> {
    let alert = get(op, scope, id).await?.ok_or(SnoozeError::NotThere)?;
    // Otherwise everybody would be told again of what nobody had silenced.
    if alert.is_open() && !alert.is_snoozed(op.now()) {
        return Err(SnoozeError::NotSnoozed);
    }
    if !store::alerts::snooze(op, id, None, "", "").await? {
        return Err(SnoozeError::NotThere);
    }
    let mut entry = Entry::new("alert.woken").object("alert", id);
    if let Some(tenant) = &alert.tenant {
        entry = entry.tenant(tenant.id);
    }
    entry.write(op).await?;
    Ok(())
}
