//! How fast a campaign's mails go out, and in which hours. Pure.

use time::{Duration, OffsetDateTime, Time, UtcOffset, Weekday};

/// After a standstill so much of what was missed is made up for at once.
const MADE_UP_FOR: Duration = Duration::minutes(1);

/// Mails an hour, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// 1 to 10,000.
    pub per_hour: i32,
    /// From this hour of the day on and before that one (UTC); none: at any hour.
    pub hours: Option<(u8, u8)>,
    pub weekdays_only: bool,
}

impl Pace {
    /// The first instant from `at` on at which a mail may go out.
    pub fn opens(&self, at: OffsetDateTime) -> OffsetDateTime {
        let mut at = at.to_offset(UtcOffset::UTC);
        // A week holds at least one working day.
        for _ in 0..9 {
            let (from, until) = self.hours.unwrap_or((0, 24));
            let rests =
                self.weekdays_only && matches!(at.weekday(), Weekday::Saturday | Weekday::Sunday);
            if !rests && at.hour() < from {
                return at.replace_time(Time::MIDNIGHT) + Duration::hours(i64::from(from));
            }
            if !rests && at.hour() < until {
                return at;
            }
            at = at.replace_time(Time::MIDNIGHT) + Duration::DAY;
        }
        at
    }

    /// When the next mail may go out after one that was planned for `planned` and went at `now`.
    pub fn after(&self, planned: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
        let step = Duration::HOUR / self.per_hour.max(1);
        self.opens(planned.max(now - MADE_UP_FOR) + step)
    }

    /// About how long so many mails take, not counting the hours in which none goes out.
    pub fn takes(&self, mails: i64) -> Duration {
        Duration::seconds(mails.saturating_mul(3600) / i64::from(self.per_hour.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const ANY: Pace = Pace {
        per_hour: 60,
        hours: None,
        weekdays_only: false,
    };
    const OFFICE: Pace = Pace {
        per_hour: 60,
        hours: Some((8, 17)),
        weekdays_only: true,
    };

    #[test]
    fn mails_are_spread_and_a_standstill_is_not_made_up_for_at_once() {
        let now = datetime!(2026-11-23 12:00 UTC);
        assert_eq!(ANY.after(now, now), now + Duration::MINUTE);
        let slow = now - Duration::seconds(10);
        assert_eq!(ANY.after(slow, now), slow + Duration::MINUTE);
        let stood_still = now - Duration::days(2);
        assert_eq!(ANY.after(stood_still, now), now);
    }

    #[test]
    fn nothing_goes_out_at_night_or_on_a_weekend() {
        let opens = |at| OFFICE.opens(at);
        // A Monday.
        assert_eq!(
            opens(datetime!(2026-11-23 07:59 UTC)),
            datetime!(2026-11-23 08:00 UTC)
        );
        assert_eq!(
            opens(datetime!(2026-11-23 16:59 UTC)),
            datetime!(2026-11-23 16:59 UTC)
        );
        assert_eq!(
            opens(datetime!(2026-11-23 17:00 UTC)),
            datetime!(2026-11-24 08:00 UTC)
        );
        // A Friday evening, and the Saturday.
        assert_eq!(
            opens(datetime!(2026-11-27 18:00 UTC)),
            datetime!(2026-11-30 08:00 UTC)
        );
        assert_eq!(
            opens(datetime!(2026-11-28 10:00 UTC)),
            datetime!(2026-11-30 08:00 UTC)
        );
        let night = datetime!(2026-11-28 03:00 UTC);
        assert_eq!(ANY.opens(night), night);
    }

    #[test]
    fn another_zone_is_read_as_utc() {
        let at = datetime!(2026-11-23 23:30 +8);
        assert_eq!(OFFICE.opens(at), at);
    }

    #[test]
    fn how_long_it_takes_follows_the_pace() {
        assert_eq!(ANY.takes(120), Duration::hours(2));
    }
}
