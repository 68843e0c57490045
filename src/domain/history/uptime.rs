//! Uptime: the share of time in which access worked. Pure.
//!
//! Valid counts as up. Retrying counts as up while the required access tokens held at its beginning live, then as down.
//! Expired counts as down from its beginning, even if a token handed out before would still be taken for a while. Time
//! suspended, archived or not connected is left out: nobody could expect access. Time before the record began is left out
//! too, and said to be unknown.

use std::ops::Range;

use time::{Date, Duration, OffsetDateTime};

use super::{Kept, Span};

/// How a stretch of time was spent; the four add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    pub up: Duration,
    pub down: Duration,
    /// Suspended, archived or not connected.
    pub left_out: Duration,
    /// Before the record began.
    pub unknown: Duration,
}

impl Measure {
    /// Share of the counted time in which access worked, 0 to 1; none when no time counts.
    pub fn share(&self) -> Option<f64> {
        let counted = self.up + self.down;
        counted
            .is_positive()
            .then(|| self.up.as_seconds_f64() / counted.as_seconds_f64())
    }

    fn add(&mut self, other: Self) {
        self.up += other.up;
        self.down += other.down;
        self.left_out += other.left_out;
        self.unknown += other.unknown;
    }
}

/// A day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub date: Date,
    pub measure: Measure,
    /// The worst state of the day; none when nothing of it is known.
    pub worst: Option<Kept>,
}

/// Measure `window` by spans that are in order and do not overlap; the last may have no end.
pub fn measure(spans: &[Span], window: &Range<OffsetDateTime>) -> Measure {
    let mut sum = Measure::default();
    let mut seen = Duration::ZERO;
    for span in spans {
        let part = clip(span, window);
        if part.start < part.end {
            seen += part.end - part.start;
            sum.add(of_part(span, &part));
        }
    }
    let whole = (window.end - window.start).max(Duration::ZERO);
    sum.unknown = whole - seen;
    sum
}

/// Each day from `first` to the day of `now`, which is measured up to `now`.
pub fn days(spans: &[Span], first: Date, now: OffsetDateTime) -> Vec<Day> {
    let mut days = Vec::new();
    let mut date = first;
    while date <= now.date() {
        let start = date.midnight().assume_utc();
        let window = start..(start + Duration::DAY).min(now);
        days.push(Day {
            date,
            measure: measure(spans, &window),
            worst: worst(spans, &window),
        });
        match date.next_day() {
            Some(next) => date = next,
            None => break,
        }
    }
    days
}

fn worst(spans: &[Span], window: &Range<OffsetDateTime>) -> Option<Kept> {
    let touching = spans.iter().filter(|span| {
        let part = clip(span, window);
        part.start < part.end
    });
    touching.map(|span| span.state).max()
}

/// The part of a span within the window; start not before end when there is none.
fn clip(span: &Span, window: &Range<OffsetDateTime>) -> Range<OffsetDateTime> {
    let end = span.until.unwrap_or(window.end).min(window.end);
    span.since.max(window.start)..end
}

fn of_part(span: &Span, part: &Range<OffsetDateTime>) -> Measure {
    let whole = part.end - part.start;
    match span.state {
        Kept::Valid => Measure {
            up: whole,
            ..Measure::default()
        },
        Kept::Expired => Measure {
            down: whole,
            ..Measure::default()
        },
        Kept::Retrying => {
            let alive_until = span.access_until.unwrap_or(part.start);
            let up = alive_until.clamp(part.start, part.end) - part.start;
            Measure {
                up,
                down: whole - up,
                ..Measure::default()
            }
        }
        Kept::Suspended | Kept::Archived | Kept::NotConnected => Measure {
            left_out: whole,
            ..Measure::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const START: OffsetDateTime = datetime!(2026-10-01 00:00 UTC);

    fn at(hours: i64) -> OffsetDateTime {
        START + Duration::hours(hours)
    }

    fn span(state: Kept, from: i64, until: Option<i64>) -> Span {
        Span {
            state,
            connection: None,
            cause: None,
            since: at(from),
            until: until.map(at),
            access_until: None,
            concluded: false,
        }
    }

    #[test]
    fn lost_access_counts_against_and_suspension_does_not() {
        let spans = [
            span(Kept::Valid, 0, Some(60)),
            span(Kept::Expired, 60, Some(80)),
            span(Kept::Suspended, 80, Some(100)),
            span(Kept::Valid, 100, None),
        ];
        let sum = measure(&spans, &(at(0)..at(120)));
        assert_eq!(sum.up, Duration::hours(80));
        assert_eq!(sum.down, Duration::hours(20));
        assert_eq!(sum.left_out, Duration::hours(20));
        assert_eq!(sum.share(), Some(0.8));
    }

    #[test]
    fn retrying_is_up_while_the_tokens_live() {
        let mut retrying = span(Kept::Retrying, 10, Some(20));
        retrying.access_until = Some(at(14));
        let sum = measure(&[retrying.clone()], &(at(0)..at(20)));
        assert_eq!((sum.up, sum.down), (Duration::hours(4), Duration::hours(6)));
        assert_eq!(sum.unknown, Duration::hours(10), "nothing is known before");
        retrying.access_until = None;
        assert_eq!(measure(&[retrying], &(at(0)..at(20))).up, Duration::ZERO);
    }

    #[test]
    fn where_no_time_counts_there_is_no_share() {
        let spans = [span(Kept::NotConnected, 0, None)];
        assert_eq!(measure(&spans, &(at(0)..at(24))).share(), None);
        assert_eq!(measure(&[], &(at(0)..at(24))).share(), None);
    }

    #[test]
    fn a_day_is_as_bad_as_its_worst_hour() {
        let spans = [
            span(Kept::Valid, 10, Some(30)),
            span(Kept::Expired, 30, Some(31)),
            span(Kept::Valid, 31, None),
        ];
        let days = days(&spans, START.date() - Duration::DAY, at(50));
        let worst: Vec<_> = days.iter().map(|day| day.worst).collect();
        let (valid, expired) = (Some(Kept::Valid), Some(Kept::Expired));
        assert_eq!(worst, [None, valid, expired, valid]);
        assert_eq!(days[3].measure.up, Duration::hours(2), "up to now");
    }

    fn any_state() -> impl Strategy<Value = Kept> {
        prop::sample::select(vec![
            Kept::Valid,
            Kept::Suspended,
            Kept::NotConnected,
            Kept::Retrying,
            Kept::Expired,
        ])
    }

    /// Consecutive spans with gaps only before the first.
    fn any_life() -> impl Strategy<Value = Vec<Span>> {
        let piece = (any_state(), 1..200_i64, prop::option::of(0..300_i64));
        (0..100_i64, prop::collection::vec(piece, 0..12)).prop_map(|(begin, pieces)| {
            let mut from = begin;
            let mut spans = Vec::new();
            for (state, hours, alive) in pieces {
                spans.push(Span {
                    access_until: alive.map(|more| at(from + more)),
                    ..span(state, from, Some(from + hours))
                });
                from += hours;
            }
            if let Some(last) = spans.last_mut() {
                last.until = None;
            }
            spans
        })
    }

    proptest! {
        #[test]
        fn every_second_is_counted_once(life in any_life(), from in 0..500_i64, hours in 0..2000_i64) {
            let window = at(from)..at(from + hours);
            let sum = measure(&life, &window);
            prop_assert_eq!(sum.up + sum.down + sum.left_out + sum.unknown, window.end - window.start);
            for part in [sum.up, sum.down, sum.left_out, sum.unknown] {
                prop_assert!(!part.is_negative());
            }
            if let Some(share) = sum.share() {
                prop_assert!((0.0..=1.0).contains(&share));
            }
        }

        #[test]
        fn two_halves_are_the_whole(life in any_life(), from in 0..500_i64, first in 0..900_i64, second in 0..900_i64) {
            let middle = at(from + first);
            let end = at(from + first + second);
            let mut halves = measure(&life, &(at(from)..middle));
            halves.add(measure(&life, &(middle..end)));
            prop_assert_eq!(halves, measure(&life, &(at(from)..end)));
        }

        #[test]
        fn days_add_up_to_the_whole(life in any_life(), hours in 1..2000_i64) {
            let mut sum = Measure::default();
            for day in days(&life, START.date(), at(hours)) {
                sum.add(day.measure);
            }
            prop_assert_eq!(sum, measure(&life, &(at(0)..at(hours))));
        }
    }
}
