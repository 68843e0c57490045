//! How early an ending credential is called out, and how loudly. Pure.

use time::OffsetDateTime;

/// How near the end is, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    Ended,
    /// 1 day or less.
    Day,
    /// 7 days or less.
    Week,
    /// 14 days or less.
    Fortnight,
    /// 30 days or less.
    Month,
    /// 60 days or less.
    TwoMonths,
}

impl Warning {
    /// Somebody has to act now, whatever else there is to do.
    pub fn is_urgent(self) -> bool {
        self <= Self::Week
    }
}

/// Whole days left; negative once it has ended.
pub fn days_left(ends_at: OffsetDateTime, now: OffsetDateTime) -> i64 {
    (ends_at - now).whole_seconds().div_euclid(86_400)
}

/// Called out 60, 30, 14, 7 and 1 days ahead, and when it is over.
pub fn warning(days_left: i64) -> Option<Warning> {
    Some(match days_left {
        ..0 => Warning::Ended,
        0..=1 => Warning::Day,
        2..=7 => Warning::Week,
        8..=14 => Warning::Fortnight,
        15..=30 => Warning::Month,
        31..=60 => Warning::TwoMonths,
        61.. => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
    use time::macros::datetime;

    #[test]
    fn each_mark_is_called_out_once_it_is_reached() {
        for (days, expected) in [
            (61, None),
            (60, Some(Warning::TwoMonths)),
            (31, Some(Warning::TwoMonths)),
            (30, Some(Warning::Month)),
            (15, Some(Warning::Month)),
            (14, Some(Warning::Fortnight)),
            (8, Some(Warning::Fortnight)),
            (7, Some(Warning::Week)),
            (2, Some(Warning::Week)),
            (1, Some(Warning::Day)),
            (0, Some(Warning::Day)),
            (-1, Some(Warning::Ended)),
        ] {
            assert_eq!(warning(days), expected, "{days}");
        }
        assert!(Warning::Week.is_urgent() && !Warning::Fortnight.is_urgent());
    }

    #[test]
    fn a_day_begun_counts_until_the_end_and_not_beyond() {
        let now = datetime!(2026-03-02 12:00 UTC);
        assert_eq!(days_left(now + Duration::hours(47), now), 1);
        assert_eq!(days_left(now + Duration::seconds(1), now), 0);
        assert_eq!(days_left(now - Duration::seconds(1), now), -1);
    }
}
