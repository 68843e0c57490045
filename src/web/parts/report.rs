//! Sums of a month in words, the choice of the month, and the same as CSV.

use axum::http::header;
use axum::response::IntoResponse;
use time::Duration;

use super::uptime::{percent, span};
use crate::domain::report::{CauseSums, Month, Sums};
use crate::web::kit::error::{WebError, WebResult};

/// Sums ready for the page.
#[derive(Clone, Debug)]
pub struct SumsView {
    pub uptime: String,
    pub lost: String,
    pub renewals: i64,
    pub recoveries: i64,
    /// From the loss of access to its return, on average.
    pub mean: String,
    pub errors: i64,
    pub invitations: i64,
    pub completed: i64,
}

/// One cause.
#[derive(Clone, Debug)]
pub struct CauseView {
    pub label: &'static str,
    pub errors: i64,
    pub lost: String,
}

/// One month to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub word: String,
    pub label: String,
    pub chosen: bool,
}

impl SumsView {
    pub fn of(sums: &Sums) -> Self {
        Self {
            uptime: percent(sums.uptime()),
            lost: span(sums.down),
            renewals: sums.renewals,
            recoveries: sums.recoveries,
            mean: sums
                .mean_time_to_renew()
                .map_or_else(|| "–".to_owned(), span),
            errors: sums.errors,
            invitations: sums.invitations,
            completed: sums.completed,
        }
    }
}

impl CauseView {
    pub fn of(causes: &[CauseSums]) -> Vec<Self> {
        causes
            .iter()
            .map(|sums| Self {
                label: sums.cause.label(),
                errors: sums.errors,
                lost: span(sums.lost),
            })
            .collect()
    }
}

/// The months counted, with `shown` and the present one among them, newest first.
pub fn choices(mut months: Vec<Month>, shown: Month, present: Month) -> Vec<Choice> {
    months.extend([shown, present]);
    months.sort_by_key(|month| std::cmp::Reverse(*month));
    months.dedup();
    months
        .into_iter()
        .map(|month| Choice {
            word: month.to_string(),
            label: month.label(),
            chosen: month == shown,
        })
        .collect()
}

/// The month of an address; the present one when it names none.
pub fn asked(word: &str, present: Month) -> WebResult<Month> {
    if word.trim().is_empty() {
        return Ok(present);
    }
    Month::parse(word).ok_or(WebError::BadRequest(
        "There is no such month. Write it like 2026-11.",
    ))
}

/// The columns of [`fields`].
pub const COLUMNS: [&str; 9] = [
    "uptime_percent",
    "up_hours",
    "lost_hours",
    "renewals",
    "restored",
    "mean_hours_to_renew",
    "errors",
    "invitations",
    "invitations_completed",
];

/// Sums as fields of CSV; empty what is not known.
pub fn fields(sums: &Sums) -> [String; 9] {
    let hours = |span: Duration| format!("{:.2}", span.as_seconds_f64() / 3600.0);
    [
        sums.uptime()
            .map(|share| format!("{:.4}", (share * 1_000_000.0).floor() / 10_000.0))
            .unwrap_or_default(),
        hours(sums.up),
        hours(sums.down),
        sums.renewals.to_string(),
        sums.recoveries.to_string(),
        sums.mean_time_to_renew().map(hours).unwrap_or_default(),
        sums.errors.to_string(),
        sums.invitations.to_string(),
        sums.completed.to_string(),
    ]
}

/// A file to save.
pub fn download(name: &str, text: String) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    (headers, text)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn the_shown_month_can_always_be_chosen() {
        let month = |day| Month::of(day);
        let choices = choices(
            vec![month(date!(2026 - 10 - 01))],
            month(date!(2026 - 03 - 01)),
            month(date!(2026 - 11 - 21)),
        );
        let words: Vec<_> = choices.iter().map(|choice| choice.word.as_str()).collect();
        assert_eq!(words, ["2026-11", "2026-10", "2026-03"]);
        assert!(choices[2].chosen);
    }

    #[test]
    fn what_is_not_known_is_an_empty_field() {
        let fields = fields(&Sums::default());
        assert_eq!((fields[0].as_str(), fields[5].as_str()), ("", ""));
        assert_eq!(fields.len(), COLUMNS.len());
    }
}
