//! What ends on which of the coming days, and how many errors there were on each of the last: pictures drawn here, with a
//! sentence and a table for those who do not see them. Every bar leads to its list.

use time::macros::format_description;
use time::{Date, Duration};

use super::query::{Asked, Change};
use crate::domain::connection::{Charts, DAYS_AHEAD, DAYS_BACK, DayCount};
use crate::web::kit::paging::with_query;
use crate::web::kit::paths;

/// Height of a chart's picture in its own units; a day is ten wide.
const HEIGHT: i64 = 100;
const DAY_WIDTH: i64 = 10;
/// What ends within so many days is drawn as urgent.
const SOON: i64 = 14;

/// One chart.
#[derive(Clone, Debug)]
pub struct ChartView {
    /// For ids on the page.
    pub name: &'static str,
    pub title: &'static str,
    /// The picture in a sentence.
    pub summary: String,
    pub width: i64,
    pub bars: Vec<Bar>,
    /// The days at the left and right end.
    pub ends: (String, String),
    /// Number at the top of the picture.
    pub top: i64,
}

/// A day that has something.
#[derive(Clone, Debug)]
pub struct Bar {
    pub day: String,
    pub count: i64,
    pub href: String,
    pub class: &'static str,
    pub x: i64,
    pub y: i64,
    pub height: i64,
}

/// Both charts as seen on `today`.
pub fn charts(asked: &Asked, charts: &Charts, today: Date) -> [ChartView; 2] {
    let lapses = |day: Date| (asked.with(&Change::Day(day)), lapse_class(day, today));
    let errors = |day: Date| {
        let word = day.to_string();
        let pairs = [("from", word.as_str()), ("to", word.as_str())];
        (with_query(paths::MSAL_ERRORS, &pairs, &[]), "bad")
    };
    [
        chart(
            "expiry",
            "Ends in the next 90 days",
            (
                "Nothing ends by itself",
                "ends by itself",
                "end by themselves",
            ),
            (today, DAYS_AHEAD),
            &charts.lapses,
            lapses,
        ),
        chart(
            "errors",
            "Errors of the last 30 days",
            (
                "No error was recorded",
                "error was recorded",
                "errors were recorded",
            ),
            (
                today.saturating_sub(Duration::days(DAYS_BACK - 1)),
                DAYS_BACK,
            ),
            &charts.errors,
            errors,
        ),
    ]
}

fn lapse_class(day: Date, today: Date) -> &'static str {
    if day - today < Duration::days(SOON) {
        "warn"
    } else {
        "calm"
    }
}

fn chart(
    name: &'static str,
    title: &'static str,
    words: (&'static str, &'static str, &'static str),
    (first, days): (Date, i64),
    counts: &[DayCount],
    look: impl Fn(Date) -> (String, &'static str),
) -> ChartView {
    let top = counts.iter().map(|(_, n)| *n).max().unwrap_or(0);
    let bars = counts.iter().filter(|(_, n)| *n > 0).map(|(day, count)| {
        let (href, class) = look(*day);
        // Even one among thousands can be seen.
        let height = (count * HEIGHT / top.max(1)).max(2);
        Bar {
            day: short(*day),
            count: *count,
            href,
            class,
            x: (*day - first).whole_days() * DAY_WIDTH,
            y: HEIGHT - height,
            height,
        }
    });
    ChartView {
        name,
        title,
        summary: summary(words, counts, top),
        width: days * DAY_WIDTH,
        bars: bars.collect(),
        ends: (
            short(first),
            short(first.saturating_add(Duration::days(days - 1))),
        ),
        top,
    }
}

fn summary((none, one, many): (&str, &str, &str), counts: &[DayCount], top: i64) -> String {
    let sum: i64 = counts.iter().map(|(_, n)| n).sum();
    let peak = counts
        .iter()
        .find(|(_, n)| *n == top)
        .map(|(day, _)| short(*day));
    match (sum, peak) {
        (0, _) | (_, None) => format!("{none}."),
        (1, Some(day)) => format!("1 {one}, on {day}."),
        (_, Some(day)) => format!("{sum} {many}, most on {day}: {top}."),
    }
}

/// `2 Mar 2026`
fn short(day: Date) -> String {
    let form = format_description!("[day padding:none] [month repr:short] [year]");
    day.format(form).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::web::console::authentication_status::query::Params;

    fn drawn(lapses: &[DayCount], errors: &[DayCount]) -> [ChartView; 2] {
        let data = Charts {
            lapses: lapses.to_vec(),
            errors: errors.to_vec(),
        };
        charts(&Params::default().read(), &data, date!(2026 - 03 - 02))
    }

    #[test]
    fn a_bar_stands_on_its_day_and_leads_to_it() {
        let [expiry, errors] = drawn(
            &[(date!(2026 - 03 - 02), 1), (date!(2026 - 05 - 30), 4)],
            &[(date!(2026 - 03 - 02), 7)],
        );
        assert_eq!(
            (
                expiry.bars[0].x,
                expiry.bars[0].height,
                expiry.bars[0].class
            ),
            (0, 25, "warn")
        );
        assert_eq!(
            (expiry.bars[1].x, expiry.bars[1].y, expiry.bars[1].class),
            (890, 0, "calm")
        );
        assert!(expiry.bars[1].href.ends_with("?expires=2026-05-30"));
        assert_eq!((errors.bars[0].x, errors.width), (290, 300));
        assert!(
            errors.bars[0]
                .href
                .ends_with("?from=2026-03-02&to=2026-03-02")
        );
    }

    #[test]
    fn the_picture_is_said_in_a_sentence() {
        let [expiry, errors] = drawn(&[(date!(2026 - 03 - 05), 1)], &[]);
        assert_eq!(expiry.summary, "1 ends by itself, on 5 Mar 2026.");
        assert_eq!(errors.summary, "No error was recorded.");
        let [expiry, _] = drawn(
            &[(date!(2026 - 03 - 05), 1), (date!(2026 - 03 - 06), 4)],
            &[],
        );
        assert_eq!(
            expiry.summary,
            "5 end by themselves, most on 6 Mar 2026: 4."
        );
    }

    #[test]
    fn one_among_thousands_is_seen() {
        let [_, errors] = drawn(
            &[],
            &[(date!(2026 - 03 - 01), 1), (date!(2026 - 03 - 02), 90_000)],
        );
        assert_eq!(errors.bars[0].height, 2);
    }
}
