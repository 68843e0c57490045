//! The page in words and pictures, from what was read.

use time::OffsetDateTime;

use super::channels::ChannelLine;
use super::charts::{self, Bar};
use super::lines::{BreakerLine, IncidentLine, KeeperLine, WorkerLine, keepers};
use super::mails::MailView;
use super::tiles::Tile;
use super::{database, tiles};
use crate::domain::alert::{Open, Traffic};
use crate::domain::incident::Record;
use crate::domain::operations::{Database, History, Mails, Present, Range, WorkerRun};
use crate::web::kit::paging::with_query;
use crate::web::kit::paths;
use crate::web::kit::when::When;
use crate::web::parts::chart::Chart;

/// What the page is made of.
pub struct Facts {
    pub now: OffsetDateTime,
    /// Whoever looks may see some tenants only.
    pub limited: bool,
    pub range: Range,
    pub present: Present,
    pub history: History,
    pub incidents: Vec<Record>,
    pub workers: Vec<WorkerRun>,
    pub mails: Mails,
    pub has_mail_server: bool,
    pub alerts: Open,
    /// Empty for whoever may see some tenants only.
    pub traffic: Vec<Traffic>,
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
    pub channels: Vec<ChannelLine>,
    pub database: Vec<(&'static str, String)>,
}

/// A range to choose.
#[derive(Clone, Debug)]
pub struct Choice {
    pub label: &'static str,
    pub href: String,
    pub chosen: bool,
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
            tiles: tiles::tiles(facts),
            charts: charts::charts(facts),
            range_label: facts.range.label(),
            causes: charts::causes(&facts.history),
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
            channels: facts
                .traffic
                .iter()
                .map(|one| ChannelLine::of(one, now))
                .collect(),
            database: database::lines(&facts.database),
        }
    }
}
