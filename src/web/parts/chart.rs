//! Pictures of numbers over time, drawn by the server: areas on top of each other, or lines. The drawing has no words in it, so
//! that it may be stretched to any width; its words are the legend, the labels at its edges, and a table of the same numbers.

use std::fmt::Write;

use time::{Duration, OffsetDateTime};

use crate::web::kit::when;

/// Units of the drawing.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 200.0;
/// Rows of the table at most.
const ROWS: usize = 12;

/// One row of numbers, for each of the chart's instants.
#[derive(Clone, Debug)]
pub struct Series {
    pub label: &'static str,
    /// Last part of the class of its line, area and swatch.
    pub class: &'static str,
    /// None where nothing is known.
    pub values: Vec<Option<f64>>,
}

/// A series as drawn.
#[derive(Clone, Debug)]
pub struct Drawn {
    pub label: &'static str,
    pub class: &'static str,
    /// SVG path data; empty when there is nothing to draw.
    pub path: String,
    /// The newest number.
    pub last: String,
}

/// A chart, ready for `parts/chart.html`.
#[derive(Clone, Debug)]
pub struct Chart {
    pub id: &'static str,
    pub title: &'static str,
    /// What the numbers are, e.g. `tenants`.
    pub unit: &'static str,
    /// The whole in a sentence, for those who do not see it.
    pub summary: String,
    pub filled: bool,
    pub series: Vec<Drawn>,
    /// The number at the upper edge.
    pub top: String,
    /// The instants at the left and right edge.
    pub from: String,
    pub to: String,
    /// Instant, then a number for each series; the newest first.
    pub rows: Vec<(String, Vec<String>)>,
}

/// What a chart is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub id: &'static str,
    pub title: &'static str,
    pub unit: &'static str,
    pub now: OffsetDateTime,
    pub span: Duration,
    /// When each number was taken, oldest first.
    pub times: &'a [OffsetDateTime],
}

impl Chart {
    /// Areas on top of each other, the first at the bottom; unknown counts as nothing.
    pub fn areas(frame: Frame<'_>, series: &[Series]) -> Self {
        let value = |one: &Series, place: usize| one.values.get(place).copied().flatten();
        let sums = |place| {
            let values = series.iter().map(move |one| value(one, place));
            values.map(Option::unwrap_or_default).sum::<f64>()
        };
        let places = 0..frame.times.len();
        let top = nice(places.clone().map(sums).fold(0.0, f64::max));
        let mut floor = vec![0.0; frame.times.len()];
        let paths = series.iter().map(|one| {
            let ceiling: Vec<f64> = floor
                .iter()
                .enumerate()
                .map(|(place, below)| below + value(one, place).unwrap_or_default())
                .collect();
            let path = area(&frame, &floor, &ceiling, top);
            floor = ceiling;
            path
        });
        let paths = paths.collect();
        Self::of(&frame, series, paths, top, true)
    }

    /// A line for each, interrupted where nothing is known.
    pub fn lines(frame: Frame<'_>, series: &[Series]) -> Self {
        let values = series.iter().flat_map(|one| one.values.iter().flatten());
        let top = nice(values.copied().fold(0.0, f64::max));
        let paths = series
            .iter()
            .map(|one| line(&frame, &one.values, top))
            .collect();
        Self::of(&frame, series, paths, top, false)
    }

    /// Whether there is anything to draw.
    pub fn any(&self) -> bool {
        self.rows.len() > 1
    }

    fn of(
        frame: &Frame<'_>,
        series: &[Series],
        paths: Vec<String>,
        top: f64,
        filled: bool,
    ) -> Self {
        let drawn: Vec<Drawn> = series
            .iter()
            .zip(paths)
            .map(|(one, path)| Drawn {
                label: one.label,
                class: one.class,
                path,
                last: shown(one.values.last().copied().flatten()),
            })
            .collect();
        let latest: Vec<String> = drawn
            .iter()
            .map(|one| format!("{} {}", one.label, one.last))
            .collect();
        let from = when::exact(frame.now - frame.span);
        Self {
            id: frame.id,
            title: frame.title,
            unit: frame.unit,
            summary: format!("{} since {from}. Now: {}.", frame.title, latest.join(", ")),
            filled,
            series: drawn,
            top: shown(Some(top)),
            from,
            to: when::exact(frame.now),
            rows: rows(frame.times, series),
        }
    }
}

/// The newest instant and others evenly spread over the past.
fn rows(times: &[OffsetDateTime], series: &[Series]) -> Vec<(String, Vec<String>)> {
    let step = times.len().div_ceil(ROWS).max(1);
    let row = |(place, at): (usize, &OffsetDateTime)| {
        let values = series
            .iter()
            .map(|one| shown(one.values.get(place).copied().flatten()));
        (when::exact(*at), values.collect())
    };
    times
        .iter()
        .enumerate()
        .rev()
        .step_by(step)
        .map(row)
        .collect()
}

fn x(frame: &Frame<'_>, at: OffsetDateTime) -> f64 {
    let share = (at - (frame.now - frame.span)).as_seconds_f64() / frame.span.as_seconds_f64();
    share.clamp(0.0, 1.0) * WIDTH
}

fn y(value: f64, top: f64) -> f64 {
    HEIGHT - value / top * HEIGHT
}

fn area(frame: &Frame<'_>, floor: &[f64], ceiling: &[f64], top: f64) -> String {
    if floor == ceiling || frame.times.len() < 2 {
        return String::new();
    }
    let point = |(at, value): (&OffsetDateTime, &f64)| {
        format!("{:.1} {:.1}", x(frame, *at), y(*value, top))
    };
    let there = frame.times.iter().zip(ceiling).map(point);
    let back = frame.times.iter().zip(floor).rev().map(point);
    let points: Vec<String> = there.chain(back).collect();
    format!("M{}Z", points.join("L"))
}

fn line(frame: &Frame<'_>, values: &[Option<f64>], top: f64) -> String {
    let mut path = String::new();
    let mut drawing = false;
    for (at, value) in frame.times.iter().zip(values) {
        if let Some(value) = value {
            let step = if drawing { 'L' } else { 'M' };
            // Writing into a string does not fail.
            let _ = write!(path, "{step}{:.1} {:.1}", x(frame, *at), y(*value, top));
        }
        drawing = value.is_some();
    }
    path
}

/// The next of 1, 2, 5, 10, 20, … that is not below; 1 at least.
fn nice(most: f64) -> f64 {
    let mut unit = 1.0;
    loop {
        for step in [1.0, 2.0, 5.0] {
            if step * unit >= most {
                return step * unit;
            }
        }
        unit *= 10.0;
    }
}

/// Whole numbers as they are, others with one digit behind the point; a dash for what is not known.
fn shown(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value.fract() == 0.0 || value >= 100.0 => format!("{value:.0}"),
        Some(value) => format!("{value:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    fn frame(times: &[OffsetDateTime]) -> Frame<'_> {
        Frame {
            id: "states",
            title: "Tenants by state",
            unit: "tenants",
            now: NOW,
            span: Duration::hours(10),
            times,
        }
    }

    fn series(label: &'static str, values: &[Option<f64>]) -> Series {
        Series {
            label,
            class: "valid",
            values: values.to_vec(),
        }
    }

    #[test]
    fn areas_stand_on_each_other() {
        let times = [NOW - Duration::hours(5), NOW];
        let below = series("Valid", &[Some(4.0), Some(4.0)]);
        let above = series("Expired", &[Some(1.0), Some(6.0)]);
        let chart = Chart::areas(frame(&times), &[below, above]);
        assert_eq!(chart.top, "10");
        assert_eq!(
            chart.series[0].path,
            "M500.0 120.0L1000.0 120.0L1000.0 200.0L500.0 200.0Z"
        );
        assert_eq!(
            chart.series[1].path,
            "M500.0 100.0L1000.0 0.0L1000.0 120.0L500.0 120.0Z"
        );
        assert_eq!(
            chart.summary,
            "Tenants by state since 2026-11-21 02:00 UTC. Now: Valid 4, Expired 6."
        );
    }

    #[test]
    fn a_line_is_interrupted_where_nothing_is_known() {
        let times: Vec<_> = (0..4)
            .map(|hours| NOW - Duration::hours(3 - hours))
            .collect();
        let one = series("Median", &[Some(50.0), None, Some(100.0), Some(25.5)]);
        let chart = Chart::lines(frame(&times), &[one]);
        assert_eq!(chart.series[0].path, "M700.0 100.0M900.0 0.0L1000.0 149.0");
        assert_eq!(chart.rows[0].1, ["25.5"]);
        assert_eq!(chart.rows[2].1, ["–"]);
    }

    #[test]
    fn the_table_is_short_and_begins_with_the_newest() {
        let times: Vec<_> = (0..360).map(|m| NOW - Duration::minutes(359 - m)).collect();
        let chart = Chart::lines(frame(&times), &[series("Due", &[Some(0.0); 360])]);
        assert_eq!(chart.rows.len(), 12);
        assert_eq!(chart.rows[0].0, "2026-11-21 12:00 UTC");
        assert_eq!(chart.top, "1", "nothing at all is drawn at the floor");
    }

    #[test]
    fn the_upper_edge_is_a_round_number() {
        for (value, edge) in [
            (0.0, "1"),
            (3.0, "5"),
            (10_000.0, "10000"),
            (10_001.0, "20000"),
        ] {
            assert_eq!(nice(value).to_string(), edge);
        }
    }
}
