//! How fast a campaign's mails go out, and in which hours of whose clock. Pure.

use time::{Date, Duration, OffsetDateTime, Time, Weekday};

use crate::domain::zone::Zone;

/// After a standstill so much of what was missed is made up for at once.
const MADE_UP_FOR: Duration = Duration::minutes(1);

/// Mails an hour, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// 1 to 10,000.
    pub per_hour: i32,
    /// From this hour of the day on and before that one, by the clock of the zone; none: at any hour.
    pub hours: Option<(u8, u8)>,
    pub weekdays_only: bool,
    pub zone: Zone,
}

impl Pace {
    /// The first instant from `at` on at which a mail may go out.
    pub fn opens(&self, at: OffsetDateTime) -> OffsetDateTime {
        let mut day = self.zone.local(at).date();
        // A week holds at least one working day.
        for _ in 0..9 {
            if let Some((from, until)) = self.open_on(day)
                && at < until
            {
                return at.max(from);
            }
            day = day.next_day().unwrap_or(day);
        }
        at
    }

    /// From when until when mails go out on this day. None: not at all, also when the clock is put forward over these hours.
    fn open_on(&self, day: Date) -> Option<(OffsetDateTime, OffsetDateTime)> {
        if self.weekdays_only && matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            return None;
        }
        let (from, until) = self.hours.unwrap_or((0, 24));
        let shown = |hour| match Time::from_hms(hour, 0, 0) {
            Ok(time) => self.zone.instant(day.with_time(time)),
            // 24 o'clock.
            Err(_) => self.zone.end_of(day),
        };
        let (from, until) = (shown(from), shown(until));
        (from < until).then_some((from, until))
    }

    /// When the next mail may go out after one that was planned for `planned` and went at `now`.
    pub fn after(&self, planned: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
        let step = Duration::HOUR / self.per_hour.max(1);
        self.opens(planned.max(now - MADE_UP_FOR) + step)
    }

    /// About how long `mails` take while they may go out, in words of hours.
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
        zone: Zone::UTC,
    };
    const OFFICE: Pace = Pace {
        per_hour: 60,
        hours: Some((8, 17)),
        weekdays_only: true,
        zone: Zone::UTC,
    };

    fn in_berlin(from: u8, until: u8) -> Pace {
        Pace {
            hours: Some((from, until)),
            zone: Zone::parse("Europe/Berlin").unwrap(),
            ..ANY
        }
    }

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
    fn hours_are_those_of_the_wall_before_and_after_the_clock_is_changed() {
        let pace = in_berlin(8, 17);
        // The clock goes back on Sunday the 25th, and forward on Sunday the 28th.
        for (at, opens) in [
            (
                datetime!(2026-10-24 05:00 UTC),
                datetime!(2026-10-24 06:00 UTC),
            ),
            (
                datetime!(2026-10-24 15:00 UTC),
                datetime!(2026-10-25 07:00 UTC),
            ),
            (
                datetime!(2026-10-25 15:59 UTC),
                datetime!(2026-10-25 15:59 UTC),
            ),
            (
                datetime!(2026-10-25 16:00 UTC),
                datetime!(2026-10-26 07:00 UTC),
            ),
            (
                datetime!(2027-03-27 16:00 UTC),
                datetime!(2027-03-28 06:00 UTC),
            ),
            (
                datetime!(2027-03-28 15:00 UTC),
                datetime!(2027-03-29 06:00 UTC),
            ),
        ] {
            assert_eq!(pace.opens(at), opens, "{at}");
        }
    }

    #[test]
    fn an_hour_that_is_shown_twice_is_both_and_one_that_is_not_shown_is_none() {
        let pace = in_berlin(2, 3);
        assert_eq!(
            pace.opens(datetime!(2026-10-24 12:00 UTC)),
            datetime!(2026-10-25 00:00 UTC)
        );
        let again = datetime!(2026-10-25 01:30 UTC);
        assert_eq!(pace.opens(again), again);
        assert_eq!(
            pace.opens(datetime!(2027-03-27 12:00 UTC)),
            datetime!(2027-03-29 00:00 UTC)
        );
    }

    #[test]
    fn a_weekend_begins_and_ends_by_the_wall() {
        let pace = Pace {
            hours: None,
            weekdays_only: true,
            zone: Zone::parse("Pacific/Auckland").unwrap(),
            ..ANY
        };
        // Saturday has begun there.
        assert_eq!(
            pace.opens(datetime!(2026-11-27 12:00 UTC)),
            datetime!(2026-11-29 11:00 UTC)
        );
    }

    #[test]
    fn how_long_it_takes_follows_the_pace() {
        assert_eq!(ANY.takes(120), Duration::hours(2));
    }
}
