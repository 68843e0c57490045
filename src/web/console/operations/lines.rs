//! Incidents, breakers, keepers and workers, one line each.

use std::time::Duration as Span;

use time::{Duration, OffsetDateTime};

use crate::domain::incident::Record;
use crate::domain::operations::{Breaker, BreakerKind, Present, WorkerRun};
use crate::web::kit::paths;
use crate::web::kit::when::{self, When};

/// One incident in the list.
#[derive(Clone, Debug)]
pub struct IncidentLine {
    pub title: &'static str,
    pub href: String,
    pub code: String,
    pub tenants: i64,
    pub opened: When,
    /// None while it is open.
    pub closed: Option<When>,
    pub who: &'static str,
}

impl IncidentLine {
    pub fn of(record: &Record, now: OffsetDateTime) -> Self {
        let incident = &record.incident;
        Self {
            title: incident.title(),
            href: paths::incident(record.id),
            code: incident
                .code
                .map(|code| format!("AADSTS{code}"))
                .unwrap_or_default(),
            tenants: incident.tenants,
            opened: When::new(incident.opened_at, now),
            closed: When::maybe(record.closed_at, now),
            who: incident.who_acts().label(),
        }
    }
}

/// One breaker.
#[derive(Clone, Debug)]
pub struct BreakerLine {
    pub name: String,
    pub is_shut: bool,
    pub words: String,
    pub turned: String,
}

impl BreakerLine {
    pub fn of(breaker: &Breaker) -> Self {
        let words = match (breaker.times, breaker.shut_for_s) {
            (0, _) => "Requests pass".to_owned(),
            (_, 0) => "Holds requests back; the next one tries whether it is over".to_owned(),
            (times, rest) => {
                let times = if times == 1 {
                    String::new()
                } else {
                    format!(", {times} times in a row")
                };
                format!("Holds requests back{times}; tries again in {}", short(rest))
            }
        };
        Self {
            name: match &breaker.kind {
                BreakerKind::Authority => "Microsoft's sign-in service".to_owned(),
                BreakerKind::Application {
                    client_id,
                    with_credential: true,
                } => format!("App registration {client_id}, with its credential"),
                BreakerKind::Application { client_id, .. } => {
                    format!("App registration {client_id}")
                }
            },
            is_shut: breaker.times > 0,
            words,
            turned: format!("{} ago", short(breaker.turned_ago_s)),
        }
    }
}

/// One keeper.
#[derive(Clone, Debug)]
pub struct KeeperLine {
    pub name: String,
    pub is_alive: bool,
    pub seen: String,
    pub up_for: String,
    pub in_flight: i32,
    pub waiting: i32,
}

pub fn keepers(present: &Present) -> Vec<KeeperLine> {
    present
        .keepers
        .iter()
        .map(|keeper| KeeperLine {
            name: keeper.name.clone(),
            is_alive: keeper.is_alive(),
            seen: format!("{} ago", short(keeper.seen_ago_s)),
            up_for: short(keeper.up_for_s),
            in_flight: keeper.in_flight,
            waiting: keeper.waiting,
        })
        .collect()
}

/// One worker.
#[derive(Clone, Debug)]
pub struct WorkerLine {
    pub name: String,
    pub about: String,
    pub every: String,
    pub last_run: When,
    pub took: String,
    pub word: String,
    pub runs: i64,
    pub failed_runs: i64,
    /// What is wrong with it; empty when nothing is.
    pub trouble: String,
}

impl WorkerLine {
    pub fn of(run: &WorkerRun, now: OffsetDateTime) -> Self {
        let trouble = match run.failures {
            0 if run.is_late(now) => "Late".to_owned(),
            0 => String::new(),
            1 => "Failed".to_owned(),
            many => format!("Failed {many} times in a row"),
        };
        Self {
            name: run.name.clone(),
            about: run.about.clone(),
            every: seconds(run.period),
            last_run: When::new(run.last_run_at, now),
            took: format!("{} ms", run.duration.as_millis()),
            word: run.last_word.clone(),
            runs: run.runs,
            failed_runs: run.failed_runs,
            trouble,
        }
    }
}

/// `12 seconds` below a minute, then as [`when::amount`].
fn short(seconds: i64) -> String {
    match seconds {
        1 => "1 second".to_owned(),
        ..60 => format!("{seconds} seconds"),
        _ => when::amount(Duration::seconds(seconds)),
    }
}

fn seconds(span: Span) -> String {
    short(i64::try_from(span.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breaker_says_whether_and_how_long() {
        let words = |times, shut_for_s| {
            BreakerLine::of(&Breaker {
                kind: BreakerKind::Authority,
                times,
                shut_for_s,
                turned_ago_s: 90,
            })
            .words
        };
        assert_eq!(words(0, 0), "Requests pass");
        assert_eq!(
            words(1, 30),
            "Holds requests back; tries again in 30 seconds"
        );
        assert_eq!(
            words(3, 600),
            "Holds requests back, 3 times in a row; tries again in 10 minutes"
        );
        assert_eq!(
            words(3, 0),
            "Holds requests back; the next one tries whether it is over"
        );
    }
}
