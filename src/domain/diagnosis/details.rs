//! Facts that Entra's messages carry in their text: dates, limits, names. All optional: a cut or
//! translated message lacks them.

use time::{Duration, OffsetDateTime, PrimitiveDateTime, macros::format_description};

use super::scan::{Text, instant};

/// What the text tells besides the cause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// When the dead grant or token was issued.
    pub issued_at: Option<OffsetDateTime>,
    /// 50173: grants older than this were revoked.
    pub tokens_valid_from: Option<OffsetDateTime>,
    /// 70043, 700081: the longest life that the policy or the application allows.
    pub max_lifetime: Option<Duration>,
    /// 700082: how long the token lay unused.
    pub inactive_for: Option<Duration>,
    /// 700027: when the certificate used became invalid.
    pub key_expired_at: Option<OffsetDateTime>,
    /// Name or id of the application that the message speaks of.
    pub application: Option<String>,
    /// How long to wait, when the answer says so.
    pub retry_after: Option<Duration>,
}

impl Details {
    pub(super) fn find(text: &Text, at: usize) -> Self {
        let told = Telling { text, at };
        Self {
            issued_at: told
                .after(&["issued on '", "issued on ", "issued at "])
                .and_then(instant),
            tokens_valid_from: told
                .after(&["tokensvalidfrom date"])
                .and_then(|rest| instant(behind(rest, "is '")?)),
            max_lifetime: told
                .after(&["maximum allowed lifetime for"])
                .and_then(|rest| duration(behind(rest, " is ")?)),
            inactive_for: told.after(&["was inactive for "]).and_then(duration),
            key_expired_at: told.after(&["found key 'start="]).and_then(key_end),
            application: told
                .after(&[
                    "application with identifier '",
                    "application with id '",
                    "application '",
                    "for app '",
                    "added to app '",
                ])
                .and_then(quoted),
            retry_after: RETRY_LABELS
                .into_iter()
                .find_map(|label| text.values(label).last())
                .and_then(|start| duration(text.plain.get(start..)?)),
        }
    }
}

const RETRY_LABELS: [&str; 3] = ["retry-after", "retryafterseconds", "retryafter"];

/// Where a message begins in its text.
struct Telling<'a> {
    text: &'a Text,
    at: usize,
}

impl<'a> Telling<'a> {
    /// What follows the first of `labels`, behind the place if it stands there.
    fn after(&self, labels: &[&str]) -> Option<&'a str> {
        labels.iter().find_map(|label| {
            let find = |from: usize| {
                let found = self.text.lower.get(from..)?.find(label)?;
                self.text.plain.get(from + found + label.len()..)
            };
            find(self.at).or_else(|| find(0))
        })
    }
}

/// What follows `mark`, if it stands within the next 120 bytes.
fn behind<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let found = text.find(mark).filter(|found| *found < 120)?;
    text.get(found + mark.len()..)
}

/// Seconds (`1209600`) or a .NET time span (`90.00:00:00`).
fn duration(text: &str) -> Option<Duration> {
    let number = |text: &str| text.parse::<u32>().ok().map(i64::from);
    let length = text
        .bytes()
        .take(20)
        .take_while(|byte| byte.is_ascii_digit() || b".:".contains(byte))
        .count();
    let span = text.get(..length)?.trim_end_matches(['.', ':']);
    let Some((head, clock)) = span.split_once(':') else {
        return number(span.split('.').next()?).map(Duration::seconds);
    };
    let (days, hours) = match head.split_once('.') {
        Some((days, hours)) => (number(days)?, number(hours)?),
        None => (0, number(head)?),
    };
    let (minutes, seconds) = clock.split_once(':')?;
    let seconds = number(seconds.split('.').next()?)?;
    Some(
        Duration::days(days)
            + Duration::hours(hours)
            + Duration::minutes(number(minutes)?)
            + Duration::seconds(seconds),
    )
}

/// The end in `06/29/2021 21:13:15, End=06/29/2023 21:13:15`, which Entra writes in US order.
fn key_end(text: &str) -> Option<OffsetDateTime> {
    let format = format_description!("[month]/[day]/[year] [hour]:[minute]:[second]");
    let end = behind(text, "End=")?.get(..19)?;
    PrimitiveDateTime::parse(end, format)
        .ok()
        .map(PrimitiveDateTime::assume_utc)
}

/// The text up to the closing quote, if it is short.
fn quoted(text: &str) -> Option<String> {
    let end = text.find('\'').filter(|end| (1..=120).contains(end))?;
    text.get(..end).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn details(text: &str) -> Details {
        Details::find(&Text::new(text.to_owned()), 0)
    }

    #[test]
    fn reads_both_instants_of_a_revoked_grant() {
        let found = details(
            "The grant was issued on '2020-12-11T09:41:15.6470000Z' and the TokensValidFrom date \
             (before which tokens are not valid) for this user is '2020-12-29T09:59:06.0000000Z'.",
        );
        assert_eq!(
            found.issued_at,
            Some(datetime!(2020-12-11 09:41:15.647 UTC))
        );
        assert_eq!(
            found.tokens_valid_from,
            Some(datetime!(2020-12-29 09:59:06 UTC))
        );
    }

    #[test]
    fn reads_limits_in_seconds_and_as_time_spans() {
        let limit = |text| details(text).max_lifetime;
        assert_eq!(
            limit("the maximum allowed lifetime for this request is 1209600."),
            Some(Duration::days(14))
        );
        assert_eq!(
            limit("the maximum allowed lifetime for this application is 1.00:00:00."),
            Some(Duration::days(1))
        );
        assert_eq!(
            details("and was inactive for 90.00:00:00. Trace").inactive_for,
            Some(Duration::days(90))
        );
        assert_eq!(limit("the maximum allowed lifetime for this"), None);
    }

    #[test]
    fn reads_the_end_of_a_key_the_application_and_the_wait() {
        let found = details(
            "AADSTS700027: Found key 'Start=06/29/2021 21:13:15, End=06/29/2023 21:13:15' for \
             app 'x' Retry-After: 17",
        );
        assert_eq!(
            found.key_expired_at,
            Some(datetime!(2023-06-29 21:13:15 UTC))
        );
        assert_eq!(found.application.as_deref(), Some("x"));
        assert_eq!(found.retry_after, Some(Duration::seconds(17)));
    }
}
