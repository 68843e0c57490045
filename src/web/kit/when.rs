//! Instants as people read them: an absolute time for the record, a distance for the eye.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

/// An instant ready for a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// RFC 3339, for `<time datetime>`.
    pub machine: String,
    /// `2026-11-21 02:15 UTC`
    pub exact: String,
    /// `3 days ago`, `in 5 hours`, `just now`
    pub distance: String,
}

impl When {
    /// Describe `at` as seen at `now`.
    pub fn new(at: OffsetDateTime, now: OffsetDateTime) -> Self {
        Self {
            machine: at.format(&Rfc3339).unwrap_or_default(),
            exact: exact(at),
            distance: distance(at - now),
        }
    }

    /// The same for an instant that may be absent.
    pub fn maybe(at: Option<OffsetDateTime>, now: OffsetDateTime) -> Option<Self> {
        at.map(|at| Self::new(at, now))
    }
}

/// `2026-11-21 02:15 UTC`
pub fn exact(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    at.to_offset(time::UtcOffset::UTC)
        .format(format)
        .unwrap_or_default()
}

/// `3 days ago` for the past, `in 3 days` for the future.
fn distance(by: Duration) -> String {
    let amount = amount(by.abs());
    if amount.is_empty() {
        "just now".to_owned()
    } else if by.is_negative() {
        format!("{amount} ago")
    } else {
        format!("in {amount}")
    }
}

/// `3 days`, `5 hours`, `1 minute`; empty below a minute.
pub fn amount(span: Duration) -> String {
    let (count, unit) = match span.whole_minutes() {
        ..1 => return String::new(),
        minutes @ ..60 => (minutes, "minute"),
        minutes @ ..2880 => (minutes / 60, "hour"),
        minutes => (minutes / 1440, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn distances_read_like_speech() {
        let now = datetime!(2026-11-21 12:00 UTC);
        let words = |minutes: i64| When::new(now + Duration::minutes(minutes), now).distance;
        assert_eq!(words(0), "just now");
        assert_eq!(words(-1), "1 minute ago");
        assert_eq!(words(90), "in 1 hour");
        assert_eq!(words(47 * 60), "in 47 hours");
        assert_eq!(words(-3 * 1440), "3 days ago");
        assert_eq!(When::new(now, now).exact, "2026-11-21 12:00 UTC");
    }
}
