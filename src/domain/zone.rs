//! A time zone of the IANA database, and what the clock on a wall there says. Instants stay UTC everywhere else; this is for
//! what people set by their own clock: from eight to five, until the end of a day.

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// A time zone by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    pub const UTC: Self = Self(TimeZone::UTC);

    /// `Europe/Berlin`, however its letters are written; nothing typed means UTC. None when there is no such zone.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim();
        if name.is_empty() {
            return Some(Self::UTC);
        }
        let zone = TimeZone::get(name).ok()?;
        zone.iana_name().is_some().then_some(Self(zone))
    }

    /// As the database of zones writes it.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The same instant as the wall there shows it.
    pub fn local(&self, at: OffsetDateTime) -> OffsetDateTime {
        let offset = Timestamp::from_second(at.unix_timestamp())
            .ok()
            .and_then(|at| UtcOffset::from_whole_seconds(self.0.to_offset(at).seconds()).ok());
        at.to_offset(offset.unwrap_or(UtcOffset::UTC))
    }

    /// When the wall there shows this. What is shown twice, in autumn, is the first of the two; what is never shown, in
    /// spring, is as much later as the clock was put forward.
    pub fn instant(&self, local: PrimitiveDateTime) -> OffsetDateTime {
        self.resolve(local).unwrap_or_else(|| local.assume_utc())
    }

    /// When a day is over there.
    pub fn end_of(&self, day: Date) -> OffsetDateTime {
        let next = day.next_day().unwrap_or(day);
        self.instant(next.with_time(Time::MIDNIGHT))
    }

    fn resolve(&self, local: PrimitiveDateTime) -> Option<OffsetDateTime> {
        let small = |number: u8| i8::try_from(number).ok();
        let civil = civil::DateTime::new(
            i16::try_from(local.year()).ok()?,
            small(local.month().into())?,
            small(local.day())?,
            small(local.hour())?,
            small(local.minute())?,
            small(local.second())?,
            0,
        )
        .ok()?;
        let at = self.0.to_timestamp(civil).ok()?;
        OffsetDateTime::from_unix_timestamp(at.as_second()).ok()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn zones_are_known_by_name_and_odd_ones_are_none() {
        let named = |name| Zone::parse(name).map(|zone| zone.name().to_owned());
        assert_eq!(named(" europe/berlin "), Some("Europe/Berlin".into()));
        assert_eq!(named(""), Some("UTC".into()));
        for odd in ["Berlin", "+02:00", "Europe/Bielefeld", "../etc/passwd"] {
            assert_eq!(named(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_wall_shows_summer_and_winter() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        for (at, shown) in [
            (
                datetime!(2026-07-01 12:00 UTC),
                datetime!(2026-07-01 14:00 +2),
            ),
            (
                datetime!(2026-12-01 12:00 UTC),
                datetime!(2026-12-01 13:00 +1),
            ),
        ] {
            assert_eq!(berlin.local(at).to_string(), shown.to_string());
        }
    }

    #[test]
    fn what_is_shown_twice_is_the_first_and_what_is_never_shown_is_later() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        assert_eq!(
            berlin.instant(datetime!(2026-10-25 02:30)),
            datetime!(2026-10-25 00:30 UTC)
        );
        assert_eq!(
            berlin.instant(datetime!(2027-03-28 02:30)),
            datetime!(2027-03-28 01:30 UTC)
        );
        // Where a day begins at one o'clock.
        let beirut = Zone::parse("Asia/Beirut").unwrap();
        assert_eq!(
            beirut.instant(datetime!(2027-03-28 00:00)),
            datetime!(2027-03-27 22:00 UTC)
        );
    }
}
