//! From what happened to alerts and messages. One evaluator works at a time, in one transaction: whoever is killed in the middle
//! has done nothing, and the next begins where the last one committed.

use std::sync::Arc;

use time::Duration;
use url::Url;

use super::channel::Channel;
use super::{Event, Rule, happened, scan, store};
use crate::domain::op::Op;

/// Happenings looked at in one transaction.
const BATCH: i64 = 200;
/// What was handled is kept so long, for whoever asks why.
const KEEP_EVENTS: Duration = Duration::days(14);
const KEEP_RECORDS: Duration = Duration::days(400);

/// By what messages are written.
#[derive(Clone, Debug)]
pub struct Voice {
    /// Links begin with it.
    pub base_url: Url,
    /// A mail server is named; without, channels of mail get nothing.
    pub has_mail: bool,
}

/// What one look did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evaluated {
    pub happenings: usize,
    pub opened: usize,
    pub closed: usize,
    pub reminded: usize,
    /// More happenings wait.
    pub more: bool,
}

/// Rules and channels as they are in this transaction.
pub(super) struct Hall<'a> {
    pub voice: &'a Voice,
    pub rules: Vec<Arc<Rule>>,
    pub channels: Vec<Channel>,
    pub done: Evaluated,
}

impl Hall<'_> {
    /// Some rule tells incidents, so that the tenants of one need not be told one by one.
    pub fn tells_incidents(&self) -> bool {
        self.rules.iter().any(|rule| rule.tells(Event::Incident))
    }

    /// The rules that tell this event.
    pub fn telling(&self, event: Event) -> Vec<Arc<Rule>> {
        let rules = self.rules.iter().filter(|rule| rule.tells(event));
        rules.cloned().collect()
    }
}

/// Look at what happened since the last look, and at what time brought about. Commits nothing itself. None when somebody else is
/// at it.
pub async fn evaluate(op: &mut Op, voice: &Voice) -> Result<Option<Evaluated>, sqlx::Error> {
    if !store::events::take_turn(op).await? {
        return Ok(None);
    }
    let rules = store::rules::all(op).await?;
    let mut hall = Hall {
        voice,
        rules: rules.into_iter().map(Arc::new).collect(),
        channels: store::channels::all(op).await?,
        done: Evaluated::default(),
    };
    let waiting = store::events::waiting(op, BATCH).await?;
    for happening in &waiting {
        happened::handle(op, &mut hall, happening).await?;
    }
    let ids: Vec<i64> = waiting.iter().map(|one| one.id).collect();
    if !ids.is_empty() {
        store::events::done(op, &ids).await?;
    }
    hall.done.happenings = ids.len();
    hall.done.more = i64::try_from(ids.len()).is_ok_and(|count| count == BATCH);
    // What time brings is judged by what happened, all of it.
    if !hall.done.more {
        scan::look(op, &mut hall).await?;
        let now = op.now();
        store::events::sweep(op, now - KEEP_EVENTS, now - KEEP_RECORDS).await?;
    }
    Ok(Some(hall.done))
}
