//! One look at the fleet a minute, kept: every minute for two days, every hour for ninety days, every day after that.

use time::{Duration, OffsetDateTime};

use super::store::samples;
use crate::domain::op::Op;

/// Whose time has come for longer than this is overdue: a healthy keeper takes seconds.
pub(super) const OVERDUE: Duration = Duration::minutes(10);
const MINUTES_KEPT: Duration = Duration::days(2);
const HOURS_KEPT: Duration = Duration::days(90);
/// Errors by hour are shown so far back; older ones go into one sum.
const ERROR_HOURS_KEPT: Duration = Duration::days(400);
/// Mail deliveries are kept so long.
const MAILS_KEPT: Duration = Duration::days(90);

/// Take the sample of this minute, unless another replica did; true when it was taken.
pub async fn take_sample(op: &mut Op) -> Result<bool, sqlx::Error> {
    let minute = floor(op.now(), 60);
    if !samples::begin(op, minute).await? {
        return Ok(false);
    }
    let now = op.now();
    samples::take_states(op, minute, now).await?;
    samples::take_refreshes(op, minute, now, now - OVERDUE).await?;
    // An hour is counted until its last errors can only have been recorded.
    samples::count_errors(op, floor(now - Duration::hours(1), 3600)).await?;
    Ok(true)
}

/// Thin old samples and forget what is shown no more; gives how many rows went.
pub async fn delete_old(op: &mut Op) -> Result<u64, sqlx::Error> {
    let now = op.now();
    let gone = samples::thin(op, now - MINUTES_KEPT, now - HOURS_KEPT).await?
        + samples::sum_error_hours(op, floor(now - ERROR_HOURS_KEPT, 3600)).await?
        + samples::forget_mails(op, now - MAILS_KEPT).await?;
    Ok(gone)
}

/// The whole step of so many seconds that `at` lies in.
fn floor(at: OffsetDateTime, step_s: i64) -> OffsetDateTime {
    let seconds = at.unix_timestamp();
    OffsetDateTime::from_unix_timestamp(seconds - seconds.rem_euclid(step_s)).unwrap_or(at)
}
