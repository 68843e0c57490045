//! Days of access as a bar: one stripe a day, in the colour of its worst state, with the same in words.

use time::Date;

use crate::domain::history::{Day, Kept, Measure};

/// Width of a day in the picture, of which the last part stays free.
const STEP: usize = 10;

/// The bar with its figures.
#[derive(Clone, Debug)]
pub struct UptimeView {
    /// `99.31 %`; `not known yet` when no time counts.
    pub share: String,
    /// How much was lost and what was left out.
    pub sentence: String,
    pub bars: Vec<Bar>,
    /// Width of the picture.
    pub width: usize,
    pub from: String,
    pub to: String,
    /// The days that were not plainly good, newest first, in words.
    pub days: Vec<DayView>,
}

/// One stripe.
#[derive(Clone, Debug)]
pub struct Bar {
    pub x: usize,
    pub class: &'static str,
    pub title: String,
}

/// One day in words.
#[derive(Clone, Debug)]
pub struct DayView {
    pub date: String,
    pub class: &'static str,
    pub label: &'static str,
    pub share: String,
}

impl UptimeView {
    /// Of consecutive days, the oldest first.
    pub fn of(days: &[Day]) -> Self {
        let sum = days.iter().fold(Measure::default(), |sum, day| Measure {
            up: sum.up + day.measure.up,
            down: sum.down + day.measure.down,
            left_out: sum.left_out + day.measure.left_out,
            unknown: sum.unknown + day.measure.unknown,
        });
        let end = |day: Option<&Day>| day.map(|day| day.date.to_string()).unwrap_or_default();
        Self {
            share: percent(sum.share()),
            sentence: sentence(&sum),
            bars: days
                .iter()
                .enumerate()
                .map(|(n, day)| Bar {
                    x: n * STEP,
                    class: class(day.worst),
                    title: format!("{}: {}", day.date, words(day)),
                })
                .collect(),
            width: days.len() * STEP,
            from: end(days.first()),
            to: end(days.last()),
            days: days
                .iter()
                .rev()
                .filter(|day| day.worst != Some(Kept::Valid))
                .map(|day| DayView {
                    date: day.date.to_string(),
                    class: class(day.worst),
                    label: label(day.worst),
                    share: percent(day.measure.share()),
                })
                .collect(),
        }
    }
}

/// The badge and colour of a day's worst state.
pub const fn class(worst: Option<Kept>) -> &'static str {
    match worst {
        Some(Kept::Valid) => "valid",
        Some(Kept::Suspended | Kept::Archived) => "suspended",
        Some(Kept::NotConnected) => "none",
        Some(Kept::Retrying) => "retrying",
        Some(Kept::Expired) => "expired",
        None => "unknown",
    }
}

/// The state's name.
pub const fn label(worst: Option<Kept>) -> &'static str {
    match worst {
        Some(state) => state.label(),
        None => "No record",
    }
}

fn words(day: &Day) -> String {
    match day.measure.share() {
        Some(share) => format!(
            "{}, access worked {}",
            label(day.worst),
            percent(Some(share))
        ),
        None => label(day.worst).to_owned(),
    }
}

/// Two places, never rounded up to a whole that it is not.
pub fn percent(share: Option<f64>) -> String {
    match share {
        None => "not known yet".to_owned(),
        Some(share) if share >= 1.0 => "100 %".to_owned(),
        Some(share) => format!("{:.2} %", (share * 10_000.0).floor() / 100.0),
    }
}

/// `3 days`, `26 hours`, `40 minutes`; `none` below a minute.
pub fn span(span: time::Duration) -> String {
    let words = crate::web::kit::when::amount(span);
    if words.is_empty() {
        "none".to_owned()
    } else {
        words
    }
}

fn sentence(sum: &Measure) -> String {
    let mut parts = Vec::new();
    if sum.share().is_some() {
        parts.push(format!("Access was lost for {}.", lost(sum)));
    }
    if sum.left_out.whole_minutes() > 0 {
        parts.push(format!(
            "{} suspended or not connected are left out.",
            span(sum.left_out)
        ));
    }
    if sum.unknown.whole_minutes() > 0 {
        parts.push(format!("Of {} there is no record.", span(sum.unknown)));
    }
    parts.join(" ")
}

fn lost(sum: &Measure) -> String {
    match sum.down.whole_minutes() {
        0 => "no time".to_owned(),
        _ => span(sum.down),
    }
}

/// The first day of `count` days that end with the day of `today`.
pub fn first_of(today: Date, count: i64) -> Date {
    today
        .checked_sub(time::Duration::days(count - 1))
        .unwrap_or(today)
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::date;

    use super::*;

    #[test]
    fn nearly_always_is_not_always() {
        assert_eq!(percent(Some(0.999_99)), "99.99 %");
        assert_eq!(percent(Some(1.0)), "100 %");
        assert_eq!(percent(Some(0.0)), "0.00 %");
        assert_eq!(percent(None), "not known yet");
    }

    #[test]
    fn what_is_left_out_is_said() {
        let day = |date, up, down, left_out, unknown, worst| Day {
            date,
            measure: Measure {
                up: Duration::hours(up),
                down: Duration::hours(down),
                left_out: Duration::hours(left_out),
                unknown: Duration::hours(unknown),
            },
            worst,
        };
        let view = UptimeView::of(&[
            day(date!(2026 - 11 - 19), 0, 0, 0, 24, None),
            day(date!(2026 - 11 - 20), 18, 6, 0, 0, Some(Kept::Expired)),
            day(date!(2026 - 11 - 21), 24, 0, 0, 0, Some(Kept::Valid)),
        ]);
        assert_eq!(view.share, "87.50 %");
        assert_eq!(
            view.sentence,
            "Access was lost for 6 hours. Of 24 hours there is no record."
        );
        let classes: Vec<_> = view.bars.iter().map(|bar| bar.class).collect();
        assert_eq!(classes, ["unknown", "expired", "valid"]);
        assert_eq!(view.days.len(), 2, "the plainly good are not listed");
        assert_eq!(first_of(date!(2026 - 11 - 21), 3), date!(2026 - 11 - 19));
    }
}
