//! Reading `Retry-After` (RFC 9110 section 10.2.3): whole seconds or an HTTP date. Odd values count as absent.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// The wait that the answer asks for, clamped to 1 s – 1 h. A date counts from the answer's own `Date`, else from `now`.
pub(super) fn read(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let sent_at = text(DATE).and_then(instant).unwrap_or(now);
    parse(text(RETRY_AFTER)?, sent_at)
}

fn parse(value: &str, sent_at: OffsetDateTime) -> Option<Duration> {
    let value = value.trim();
    let seconds = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than u64 holds is still "very long".
        value.parse::<u64>().unwrap_or(u64::MAX)
    } else {
        u64::try_from((instant(value)? - sent_at).whole_seconds()).unwrap_or(0)
    };
    Some(Duration::from_secs(seconds.clamp(1, 3600)))
}

fn instant(value: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(value, &Rfc2822).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn seconds_dates_and_nonsense() {
        let now = datetime!(2026-03-02 08:15:42 UTC);
        for (value, expected) in [
            ("30", Some(30)),
            (" 7 ", Some(7)),
            ("0", Some(1)),
            ("7200", Some(3600)),
            ("99999999999999999999999", Some(3600)),
            ("Mon, 02 Mar 2026 08:17:42 GMT", Some(120)),
            ("Mon, 02 Mar 2026 08:00:00 GMT", Some(1)),
            ("Tue, 03 Mar 2026 08:00:00 GMT", Some(3600)),
            ("-5", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
            ("Mon, 99 Mar 2026 08:17:42 GMT", None),
        ] {
            let read = parse(value, now).map(|wait| wait.as_secs());
            assert_eq!(read, expected, "{value:?}");
        }
    }

    #[test]
    fn a_date_counts_from_the_servers_own_clock() {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, "Mon, 02 Mar 2026 08:15:42 GMT".parse().unwrap());
        headers.insert(
            RETRY_AFTER,
            "Mon, 02 Mar 2026 08:16:42 GMT".parse().unwrap(),
        );
        let ours = datetime!(2031-01-01 00:00 UTC);
        assert_eq!(read(&headers, ours), Some(Duration::from_mins(1)));
    }
}
