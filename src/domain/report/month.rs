//! A calendar month in UTC. Pure.

use std::fmt;
use std::ops::Range;

use time::{Date, OffsetDateTime};

/// A month, written `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(Date);

impl Month {
    /// The month of a day.
    pub fn of(day: Date) -> Self {
        Self(day.replace_day(1).unwrap_or(day))
    }

    /// From `2026-11`; none for anything else, and for years that no report can be of.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.trim().split_once('-')?;
        if year.len() != 4 || month.len() != 2 {
            return None;
        }
        let year: i32 = year
            .parse()
            .ok()
            .filter(|year| (2000..3000).contains(year))?;
        let month = time::Month::try_from(month.parse::<u8>().ok()?).ok()?;
        Date::from_calendar_date(year, month, 1).ok().map(Self)
    }

    /// The first day.
    pub const fn first(self) -> Date {
        self.0
    }

    /// The month after.
    #[must_use]
    pub fn next(self) -> Self {
        let days = time::util::days_in_month(self.0.month(), self.0.year());
        Self::of(self.0 + time::Duration::days(i64::from(days)))
    }

    /// The month before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self::of(self.0 - time::Duration::DAY)
    }

    /// From its first instant to the first of the next.
    pub fn window(self) -> Range<OffsetDateTime> {
        self.0.midnight().assume_utc()..self.next().0.midnight().assume_utc()
    }

    /// `November 2026`
    pub fn label(self) -> String {
        format!("{} {}", self.0.month(), self.0.year())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), u8::from(self.0.month()))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn months_follow_each_other_over_the_years() {
        let december = Month::of(date!(2026 - 12 - 31));
        assert_eq!(december.to_string(), "2026-12");
        assert_eq!(december.next().to_string(), "2027-01");
        assert_eq!(december.next().previous(), december);
        assert_eq!(
            december.window(),
            datetime!(2026-12-01 00:00 UTC)..datetime!(2027-01-01 00:00 UTC)
        );
        assert_eq!(december.label(), "December 2026");
    }

    #[test]
    fn only_a_month_is_read_as_one() {
        assert_eq!(
            Month::parse("2026-02"),
            Some(Month::of(date!(2026 - 02 - 14)))
        );
        for odd in [
            "",
            "2026",
            "2026-13",
            "2026-00",
            "0026-01",
            "9999-12",
            "2026-1",
            "2026-02-01",
        ] {
            assert_eq!(Month::parse(odd), None, "{odd}");
        }
    }
}
