//! The fleet over time, from the samples: so many points as a chart can show, whatever the span.

use std::str::FromStr;

use time::{Duration, OffsetDateTime};

use super::Latency;
use super::store::{granted, past};
use crate::domain::connection::ShownState;
use crate::domain::diagnosis::Category;
use crate::domain::op::{Op, Scope};

/// How far back a chart looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    Hours,
    #[default]
    Day,
    Month,
    Year,
}

/// How many tenants were in each state, in the order of [`ShownState::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatePoint {
    pub at: OffsetDateTime,
    pub tenants: [i32; ShownState::ALL.len()],
}

/// How the renewals went between the point before and this one.
#[derive(Clone, Debug, PartialEq)]
pub struct RefreshPoint {
    pub at: OffsetDateTime,
    pub due: i32,
    pub overdue: i32,
    /// Token requests a minute that Microsoft granted, and those that it did not; none at the first point.
    pub granted_per_minute: Option<f64>,
    pub refused_per_minute: Option<f64>,
    /// Milliseconds; none when nothing was asked.
    pub median_ms: Option<f64>,
    pub p95_ms: Option<f64>,
}

/// What the charts show, oldest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub states: Vec<StatePoint>,
    pub refreshes: Vec<RefreshPoint>,
    /// Errors by cause within the range, the most frequent first.
    pub causes: Vec<(Category, i64)>,
}

/// A sample of sums that only grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    pub at: OffsetDateTime,
    pub due: i32,
    pub overdue: i32,
    pub answered: i64,
    pub refused: i64,
    pub durations: Latency,
}

impl Range {
    pub const ALL: [Self; 4] = [Self::Hours, Self::Day, Self::Month, Self::Year];

    /// The word in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hours => "6h",
            Self::Day => "2d",
            Self::Month => "30d",
            Self::Year => "1y",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Hours => "6 hours",
            Self::Day => "2 days",
            Self::Month => "30 days",
            Self::Year => "1 year",
        }
    }

    pub const fn span(self) -> Duration {
        match self {
            Self::Hours => Duration::hours(6),
            Self::Day => Duration::days(2),
            Self::Month => Duration::days(30),
            Self::Year => Duration::days(365),
        }
    }

    /// One point for each of these; not finer than what is kept.
    const fn step(self) -> Duration {
        match self {
            Self::Hours => Duration::minutes(1),
            Self::Day => Duration::minutes(10),
            Self::Month => Duration::hours(3),
            Self::Year => Duration::days(1),
        }
    }
}

impl FromStr for Range {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|range| range.as_str() == word)
            .ok_or(())
    }
}

/// The past of this range, up to now. States are sampled of the whole fleet only, so whoever is limited gets none.
pub async fn history(op: &mut Op, scope: Scope, range: Range) -> Result<History, sqlx::Error> {
    let since = op.now() - range.span();
    let sums = past::sums(op, since, range.step()).await?;
    if let Some(technician) = scope.technician() {
        return Ok(History {
            states: Vec::new(),
            refreshes: points(&sums),
            causes: granted::causes(op, technician, since).await?,
        });
    }
    Ok(History {
        states: past::states(op, since, range.step()).await?,
        refreshes: points(&sums),
        causes: past::causes(op, since).await?,
    })
}

fn points(sums: &[Sums]) -> Vec<RefreshPoint> {
    let before = std::iter::once(None).chain(sums.iter().map(Some));
    before
        .zip(sums)
        .map(|(before, sums)| point(before, sums))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts for a chart")]
fn point(before: Option<&Sums>, sums: &Sums) -> RefreshPoint {
    let rate = |now: i64, then: i64, before: &Sums| {
        let minutes = (sums.at - before.at).as_seconds_f64() / 60.0;
        (minutes > 0.0).then(|| (now - then).max(0) as f64 / minutes)
    };
    let latency = before.map(|before| sums.durations.since(&before.durations));
    let quantile = |share| latency.as_ref().and_then(|l| l.quantile_ms(share));
    RefreshPoint {
        at: sums.at,
        due: sums.due,
        overdue: sums.overdue,
        granted_per_minute: before.and_then(|b| rate(sums.answered, b.answered, b)),
        refused_per_minute: before.and_then(|b| rate(sums.refused, b.refused, b)),
        median_ms: quantile(0.5),
        p95_ms: quantile(0.95),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn rates_are_differences_of_sums() {
        let at = datetime!(2026-11-21 09:00 UTC);
        let sums = |minutes, answered, refused, ranges: &[i64]| Sums {
            at: at + Duration::minutes(minutes),
            due: 3,
            overdue: 1,
            answered,
            refused,
            durations: Latency(ranges.to_vec()),
        };
        let points = points(&[
            sums(0, 100, 10, &[]),
            sums(10, 160, 15, &[0, 65]),
            sums(11, 160, 15, &[0, 65]),
        ]);
        assert_eq!(points[0].granted_per_minute, None);
        assert_eq!(points[1].granted_per_minute, Some(6.0));
        assert_eq!(points[1].refused_per_minute, Some(0.5));
        assert_eq!(points[1].median_ms, Some(75.0));
        assert_eq!(
            (points[2].granted_per_minute, points[2].median_ms),
            (Some(0.0), None)
        );
    }

    #[test]
    fn a_range_is_known_by_its_word() {
        for range in Range::ALL {
            assert_eq!(range.as_str().parse(), Ok(range));
        }
        assert_eq!("1d".parse::<Range>(), Err(()));
    }
}
