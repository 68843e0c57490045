//! How long errors are kept: whole months, as the settings say.

use time::{Date, Month};

use super::store;
use crate::domain::audit::Entry;
use crate::domain::op::Op;

/// What was dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    pub months: i32,
    pub errors: i64,
}

/// Drop the months that ended before the `months` up to now. The four weeks before the newest error stay, whatever is asked.
pub async fn drop_old(op: &mut Op, months: u16) -> Result<Dropped, sqlx::Error> {
    let Some(before) = first_day_kept(op.now().date(), months) else {
        return Ok(Dropped::default());
    };
    let dropped = store::drop_before(op, before).await?;
    if dropped != Dropped::default() {
        Entry::new("msal_errors.dropped")
            .detail("before", before.to_string())
            .detail("months", dropped.months)
            .detail("errors", dropped.errors)
            .write(op)
            .await?;
    }
    Ok(dropped)
}

/// The first day of the month that lies `months` before this one.
fn first_day_kept(today: Date, months: u16) -> Option<Date> {
    let month = i32::from(u8::from(today.month())) - 1;
    let count = today.year().checked_mul(12)? + month - i32::from(months);
    let month = u8::try_from(count.rem_euclid(12) + 1).ok()?;
    Date::from_calendar_date(count.div_euclid(12), Month::try_from(month).ok()?, 1).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn months_are_counted_back_from_this_one() {
        assert_eq!(
            first_day_kept(date!(2026 - 11 - 21), 1),
            Some(date!(2026 - 10 - 01))
        );
        assert_eq!(
            first_day_kept(date!(2026 - 01 - 31), 1),
            Some(date!(2025 - 12 - 01))
        );
        assert_eq!(
            first_day_kept(date!(2026 - 11 - 21), 24),
            Some(date!(2024 - 11 - 01))
        );
    }
}
