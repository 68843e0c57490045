//! The page in words and pictures, from what was read.

use std::time::Duration as Span;

use time::{Duration, OffsetDateTime};

use crate::domain::connection::ShownState;
use crate::domain::incident::Record;
use crate::domain::operations::{
    Breaker, BreakerKind, Database, History, Mails, Present, Range, WorkerRun,
};
use crate::web::kit::paging::with_query;
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::when::{self, When};
use crate::web::parts::chart::{Chart, Frame, Series};
use crate::web::parts::msal_errors::resource_name;
use crate::web::parts::standing::badge;

/// An unexercised token is worth a warning after so long: each is exercised once a day.
const UNEXERCISED: Duration = Duration::hours(36);

/// What the page is made of.
pub struct Facts {
    pub now: OffsetDateTime,
    pub range: Range,
    pub present: Present,
    pub history: History,
    pub incidents: Vec<Record>,
    pub workers: Vec<WorkerRun>,
    pub mails: Mails,
    pub has_mail_server: bool,
    pub database: Database,
}

/// The page below its heading.
#[derive(Clone, Debug)]
pub struct View {
    pub ranges: Vec<Choice>,
    pub sampled: Option<When>,
    pub tiles: Vec<Tile>,
    pub charts: Vec<Chart>,
    pub range_label: &'static str,
    pub causes: Vec<Bar>,
    pub incidents: Vec<IncidentLine>,
    pub breakers: Vec<BreakerLine>,
    pub keepers: Vec<KeeperLine>,
    pub workers: Vec<WorkerLine>,
    pub mails: MailView,
    pub database: Vec<(&'static str, String)>,
}

/// A range to choose.
#[derive(Clone, Debug)]
pub struct Choice {
    pub label: &'static str,
    pub href: String,
    pub chosen: bool,
}

/// One number with its words.
#[derive(Clone, Debug)]
pub struct Tile {
    pub label: &'static str,
    pub value: String,
    pub note: String,
    /// Where to look further; empty when nowhere.
    pub href: String,
    /// `bad`, `warn` or empty.
    pub tone: &'static str,
}

/// One cause with its number of errors.
#[derive(Clone, Debug)]
pub struct Bar {
    pub label: &'static str,
    pub count: i64,
    /// Of 1000.
    pub width: i64,
    pub href: String,
}

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

/// One breaker.
#[derive(Clone, Debug)]
pub struct BreakerLine {
    pub name: String,
    pub is_shut: bool,
    pub words: String,
    pub turned: String,
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

/// Letters of the last day.
#[derive(Clone, Debug)]
pub struct MailView {
    pub has_server: bool,
    pub sent: i64,
    pub failed: i64,
    pub last_sent: Option<When>,
    pub newest_failed: Vec<FailedLetter>,
}

/// A letter that did not go out.
#[derive(Clone, Debug)]
pub struct FailedLetter {
    pub at: When,
    pub tenant: String,
    pub tenant_href: String,
    pub kind: String,
    pub reason: String,
}

impl View {
    pub fn of(facts: &Facts) -> Self {
        let now = facts.now;
        Self {
            ranges: Range::ALL
                .into_iter()
                .map(|range| Choice {
                    label: range.label(),
                    href: with_query(paths::OPERATIONS, &[("range", range.as_str())], &[]),
                    chosen: range == facts.range,
                })
                .collect(),
            sampled: When::maybe(facts.present.sampled_at, now),
            tiles: tiles(facts),
            charts: charts(facts),
            range_label: facts.range.label(),
            causes: causes(&facts.history),
            incidents: facts
                .incidents
                .iter()
                .map(|one| IncidentLine::of(one, now))
                .collect(),
            breakers: facts.present.breakers.iter().map(BreakerLine::of).collect(),
            keepers: keepers(&facts.present),
            workers: facts
                .workers
                .iter()
                .map(|run| WorkerLine::of(run, now))
                .collect(),
            mails: MailView::of(&facts.mails, facts.has_mail_server, now),
            database: database(&facts.database),
        }
    }
}

impl Tile {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers and texts as they come"
    )]
    fn new(label: &'static str, value: impl ToString) -> Self {
        Self {
            label,
            value: value.to_string(),
            note: String::new(),
            href: String::new(),
            tone: "",
        }
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn href(mut self, href: impl Into<String>) -> Self {
        self.href = href.into();
        self
    }

    fn tone(mut self, tone: &'static str, holds: bool) -> Self {
        if holds {
            self.tone = tone;
        }
        self
    }
}

fn tiles(facts: &Facts) -> Vec<Tile> {
    let present = &facts.present;
    let open = facts.incidents.iter().filter(|one| one.closed_at.is_none());
    let open = open.count();
    let shut = present.breakers.iter().filter(|b| b.times > 0).count();
    let alive = present.keepers.iter().filter(|k| k.is_alive()).count();
    let late = facts.workers.iter().filter(|w| w.is_late(facts.now));
    let late = late.count();
    let newest = facts.history.refreshes.last();
    let ms = |value: Option<f64>| value.map_or("–".to_owned(), |ms| format!("{ms:.0} ms"));
    let rate = newest.and_then(|point| point.granted_per_minute);
    let mut tiles = vec![
        Tile::new("Open incidents", open)
            .href("#incidents")
            .tone("bad", open > 0),
        Tile::new("Overdue renewals", present.overdue)
            .note(format!("{} due of {}", present.due, present.connections))
            .tone("bad", present.overdue > 0),
        Tile::new(
            "Renewals a minute",
            rate.map_or("–".to_owned(), |r| format!("{r:.1}")),
        )
        .note("answered with a token"),
        Tile::new("Microsoft's answer", ms(newest.and_then(|p| p.median_ms)))
            .note(format!("95 % within {}", ms(newest.and_then(|p| p.p95_ms)))),
        Tile::new("Keepers at work", alive)
            .href("#keepers")
            .tone("bad", alive == 0),
        Tile::new("Breakers shut", shut)
            .href("#breakers")
            .tone("bad", shut > 0),
        Tile::new("Workers late", late)
            .href("#workers")
            .tone("warn", late > 0),
    ];
    tiles.push(match &present.oldest {
        None => Tile::new("Oldest unexercised token", "–").note("no valid token"),
        Some(oldest) => Tile::new(
            "Oldest unexercised token",
            When::new(oldest.at, facts.now).distance,
        )
        .note(format!(
            "{}, {}",
            oldest.short_name,
            resource_name(&oldest.resource)
        ))
        .href(TenantPaths(&oldest.short_name).m365())
        .tone("warn", facts.now - oldest.at > UNEXERCISED),
    });
    tiles
}

/// The order in which areas stand on each other: what needs somebody at the bottom, where it is seen.
const AREAS: [ShownState; 7] = [
    ShownState::Expired,
    ShownState::Retrying,
    ShownState::Expiring,
    ShownState::InvitationPending,
    ShownState::NotConnected,
    ShownState::Suspended,
    ShownState::Valid,
];

fn charts(facts: &Facts) -> Vec<Chart> {
    let times: Vec<_> = facts.history.states.iter().map(|point| point.at).collect();
    let frame = |id, title, unit, times| Frame {
        id,
        title,
        unit,
        now: facts.now,
        span: facts.range.span(),
        times,
    };
    let states = |states: &[ShownState]| -> Vec<Series> {
        states.iter().map(|state| tenants(facts, *state)).collect()
    };
    let moments: Vec<_> = facts.history.refreshes.iter().map(|p| p.at).collect();
    let points = &facts.history.refreshes;
    let series = |label, class, values: Vec<Option<f64>>| Series {
        label,
        class,
        values,
    };
    vec![
        Chart::areas(
            frame("states", "Tenants by state", "tenants", &times),
            &states(&AREAS),
        ),
        Chart::lines(
            frame("trouble", "Tenants that need attention", "tenants", &times),
            &states(&[
                ShownState::Expired,
                ShownState::Retrying,
                ShownState::Expiring,
            ]),
        ),
        Chart::lines(
            frame(
                "due",
                "Renewals whose time has come",
                "connections",
                &moments,
            ),
            &[
                series(
                    "Due",
                    "pending",
                    points.iter().map(|p| Some(f64::from(p.due))).collect(),
                ),
                series(
                    "Overdue by 10 minutes",
                    "expired",
                    points.iter().map(|p| Some(f64::from(p.overdue))).collect(),
                ),
            ],
        ),
        Chart::lines(
            frame("rate", "Token requests", "a minute", &moments),
            &[
                series(
                    "Granted",
                    "valid",
                    points.iter().map(|p| p.granted_per_minute).collect(),
                ),
                series(
                    "Refused or failed",
                    "expired",
                    points.iter().map(|p| p.refused_per_minute).collect(),
                ),
            ],
        ),
        Chart::lines(
            frame("latency", "How long Microsoft takes", "ms", &moments),
            &[
                series(
                    "Median",
                    "pending",
                    points.iter().map(|p| p.median_ms).collect(),
                ),
                series(
                    "95 % within",
                    "expiring",
                    points.iter().map(|p| p.p95_ms).collect(),
                ),
            ],
        ),
    ]
}

fn tenants(facts: &Facts, state: ShownState) -> Series {
    let place = ShownState::ALL.iter().position(|one| *one == state);
    let count = |tenants: &[i32; ShownState::ALL.len()]| {
        place
            .and_then(|place| tenants.get(place))
            .map(|count| f64::from(*count))
    };
    Series {
        label: state.label(),
        class: badge(state),
        values: facts
            .history
            .states
            .iter()
            .map(|point| count(&point.tenants))
            .collect(),
    }
}

fn causes(history: &History) -> Vec<Bar> {
    let most = history.causes.iter().map(|(_, count)| *count).max();
    let most = most.unwrap_or(1).max(1);
    history
        .causes
        .iter()
        .map(|(cause, count)| Bar {
            label: cause.label(),
            count: *count,
            width: (count * 1000 / most).max(4),
            href: with_query(paths::MSAL_ERRORS, &[("cause", cause.as_str())], &[]),
        })
        .collect()
}

impl IncidentLine {
    fn of(record: &Record, now: OffsetDateTime) -> Self {
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

impl BreakerLine {
    fn of(breaker: &Breaker) -> Self {
        let words = match (breaker.times, breaker.shut_for_s) {
            (0, _) => "Requests pass".to_owned(),
            (_, 0) => "Shut; the next request tries whether it is over".to_owned(),
            (times, rest) => {
                let times = if times == 1 {
                    "once".to_owned()
                } else {
                    format!("{times} times in a row")
                };
                format!("Shut {times}; tries again in {}", short(rest))
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

fn keepers(present: &Present) -> Vec<KeeperLine> {
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

impl WorkerLine {
    fn of(run: &WorkerRun, now: OffsetDateTime) -> Self {
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

impl MailView {
    fn of(mails: &Mails, has_server: bool, now: OffsetDateTime) -> Self {
        Self {
            has_server,
            sent: mails.sent,
            failed: mails.failed,
            last_sent: When::maybe(mails.last_sent_at, now),
            newest_failed: mails
                .newest_failed
                .iter()
                .map(|letter| FailedLetter {
                    at: When::new(letter.at, now),
                    tenant: letter.tenant.clone(),
                    tenant_href: TenantPaths(&letter.tenant).invitations(),
                    kind: letter.kind.clone(),
                    reason: letter.reason.clone(),
                })
                .collect(),
        }
    }
}

fn database(database: &Database) -> Vec<(&'static str, String)> {
    let seconds = |value: Option<f64>| value.map(|s| format!("{s:.1} s"));
    vec![
        ("Version", format!("PostgreSQL {}", database.version)),
        ("Size", bytes(database.size_bytes)),
        (
            "Connections",
            format!("{} of {}", database.connections, database.max_connections),
        ),
        (
            "Oldest transaction",
            seconds(database.oldest_transaction_s).unwrap_or_else(|| "none open".to_owned()),
        ),
        (
            "Replicas",
            match seconds(database.replica_lag_s) {
                Some(lag) => format!("{}, behind by {lag}", database.replicas),
                None => "none".to_owned(),
            },
        ),
    ]
}

/// `1.4 GB`, in powers of 1000.
#[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
fn bytes(bytes: i64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let size = bytes as f64;
    units
        .into_iter()
        .find(|(unit, _)| size >= *unit)
        .map_or(format!("{bytes} B"), |(unit, name)| {
            format!("{:.1} {name}", size / unit)
        })
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
        assert_eq!(words(1, 30), "Shut once; tries again in 30 seconds");
        assert_eq!(
            words(3, 600),
            "Shut 3 times in a row; tries again in 10 minutes"
        );
        assert_eq!(
            words(3, 0),
            "Shut; the next request tries whether it is over"
        );
    }

    #[test]
    fn sizes_have_one_digit() {
        assert_eq!(bytes(950), "950 B");
        assert_eq!(bytes(1_440_000_000), "1.4 GB");
    }
}
