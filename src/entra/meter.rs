//! How many calls were made, how they ended and how long they took: counted in memory at each call, taken out by the keeper
//! now and then. Kinds of calls and of ends are few and fixed; no tenant is told apart.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{CallRecord, Operation};

/// Upper bounds of the ranges of duration, in milliseconds; one more range has none.
pub const BOUNDS_MS: [u64; 9] = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000];
/// Ranges of duration.
pub const RANGES: usize = BOUNDS_MS.len() + 1;

/// How a call ended on the wire; what the answer means is judged elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Ok,
    /// 3xx or 4xx but 429.
    Refused,
    /// 429.
    Throttled,
    /// 5xx.
    ServerError,
    /// Nothing came back, or nothing was sent.
    NoAnswer,
}

impl Ended {
    pub const ALL: [Self; 5] = [
        Self::Ok,
        Self::Refused,
        Self::Throttled,
        Self::ServerError,
        Self::NoAnswer,
    ];

    /// The stable name, as stored and as a metric label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Throttled => "throttled",
            Self::ServerError => "server_error",
            Self::NoAnswer => "no_answer",
        }
    }

    const fn of(status: Option<u16>) -> Self {
        match status {
            None => Self::NoAnswer,
            Some(200..=299) => Self::Ok,
            Some(429) => Self::Throttled,
            Some(500..) => Self::ServerError,
            Some(_) => Self::Refused,
        }
    }
}

/// What was counted of one operation and end since it was last taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    pub operation: Operation,
    pub ended: Ended,
    pub calls: u64,
    /// Together.
    pub seconds: f64,
    /// Calls per range of duration; together `calls`.
    pub durations: [u64; RANGES],
}

#[derive(Default)]
struct Cell {
    micros: AtomicU64,
    durations: [AtomicU64; RANGES],
}

/// Counts; adding to it costs a few nanoseconds and waits for nobody.
#[derive(Default)]
pub(super) struct Meter {
    cells: [[Cell; Ended::ALL.len()]; Operation::ALL.len()],
}

impl Meter {
    pub fn note(&self, call: &CallRecord) {
        let ended = Ended::of(call.http_status);
        let Some(cell) = self
            .cells
            .get(call.operation as usize)
            .and_then(|ends| ends.get(ended as usize))
        else {
            return;
        };
        let micros = u64::try_from(call.duration.as_micros()).unwrap_or(u64::MAX);
        cell.micros.fetch_add(micros, Ordering::Relaxed);
        if let Some(range) = cell.durations.get(range(call.duration)) {
            range.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was counted since the last time; begins anew.
    pub fn take(&self) -> Vec<Counted> {
        let mut counted = Vec::new();
        for (operation, ends) in Operation::ALL.into_iter().zip(&self.cells) {
            for (ended, cell) in Ended::ALL.into_iter().zip(ends) {
                let mut durations = [0; RANGES];
                for (into, from) in durations.iter_mut().zip(&cell.durations) {
                    *into = from.swap(0, Ordering::Relaxed);
                }
                let calls = durations.iter().sum();
                if calls > 0 {
                    let micros = cell.micros.swap(0, Ordering::Relaxed);
                    counted.push(Counted {
                        operation,
                        ended,
                        calls,
                        seconds: Duration::from_micros(micros).as_secs_f64(),
                        durations,
                    });
                }
            }
        }
        counted
    }
}

/// The range a duration lies in; bounds belong to the range that they end.
fn range(duration: Duration) -> usize {
    BOUNDS_MS
        .iter()
        .position(|bound| duration <= Duration::from_millis(*bound))
        .unwrap_or(BOUNDS_MS.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(operation: Operation, status: Option<u16>, ms: u64) -> CallRecord {
        CallRecord {
            duration: Duration::from_millis(ms),
            http_status: status,
            ..CallRecord::unsent(operation, time::OffsetDateTime::UNIX_EPOCH)
        }
    }

    #[test]
    fn what_was_counted_is_taken_once() {
        let meter = Meter::default();
        for ms in [50, 51, 30_000] {
            meter.note(&call(Operation::Refresh, Some(200), ms));
        }
        meter.note(&call(Operation::GraphUserDates, None, 1));
        let taken = meter.take();
        assert_eq!(taken.len(), 2);
        assert_eq!(
            (taken[0].operation, taken[0].ended, taken[0].calls),
            (Operation::Refresh, Ended::Ok, 3)
        );
        assert_eq!(taken[0].durations, [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert!((taken[0].seconds - 30.101).abs() < 1e-9);
        assert_eq!(taken[1].ended, Ended::NoAnswer);
        assert!(meter.take().is_empty());
    }

    #[test]
    fn every_operation_has_its_own_place() {
        for (place, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation as usize, place);
        }
        for (place, ended) in Ended::ALL.into_iter().enumerate() {
            assert_eq!(ended as usize, place);
        }
    }

    #[test]
    fn an_end_is_told_by_the_status() {
        let word = |status| Ended::of(status).as_str();
        assert_eq!(word(Some(200)), "ok");
        assert_eq!(word(Some(400)), "refused");
        assert_eq!(word(Some(429)), "throttled");
        assert_eq!(word(Some(503)), "server_error");
        assert_eq!(word(None), "no_answer");
    }
}
