//! What changed on the Authentication Status, for every page that is open: looked up once per process and told to all. Changes
//! are gathered for a moment, so that a hundred at once are one look.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::status::{Row, Tally, several};
use super::status_filter::Filter;
use super::store::{self, Kept};
use crate::clock::Clock;
use crate::domain::op::{Actor, Op, Scope};
use crate::storage::{Ear, TenantId};

/// The channel of the trigger on `tenant_status`; the payload is the tenant's id.
const CHANNEL: &str = "tenantry_status";
/// How long changes are gathered.
const GATHER: Duration = Duration::from_millis(400);
/// When more tenants changed at once, pages look for themselves.
const MOST_ROWS: usize = 500;
/// Changes that wait to be looked at; what comes beyond makes pages look for themselves.
const WAITING: usize = 4096;

/// What changed.
#[derive(Debug)]
pub enum StatusNews {
    Changed {
        /// The rows as they are now, as far as they still are in the list.
        rows: BTreeMap<TenantId, Row>,
        counts: KeptCounts,
    },
    /// Too much to tell, or something was missed: look again.
    LookAgain,
}

/// The kept counts of the whole fleet and of every tag.
#[derive(Debug)]
pub struct KeptCounts(Vec<Kept>);

impl KeptCounts {
    /// The counts under a filter; none when only a look at the rows can tell.
    pub fn tally(&self, filter: &Filter) -> Option<Tally> {
        filter.is_counted().then(|| store::sum(&self.0, filter))
    }
}

/// The listener's end and the other one, where the ids come out.
pub fn status_ear() -> (Ear, mpsc::Receiver<Uuid>) {
    let (tell, heard) = mpsc::channel(WAITING);
    let ear = Ear::new(CHANNEL, move |id| {
        // A full channel means that far more than MOST_ROWS wait: pages will be told to look anyway.
        let _ = tell.try_send(id);
    });
    (ear, heard)
}

/// Tell `news` of what is heard, until `stop`. Looks nothing up while nobody listens.
pub async fn tell_news(
    mut heard: mpsc::Receiver<Uuid>,
    pool: PgPool,
    clock: Clock,
    news: broadcast::Sender<Arc<StatusNews>>,
    stop: CancellationToken,
) {
    while let Some(Some(first)) = stop.run_until_cancelled(heard.recv()).await {
        tokio::time::sleep(GATHER).await;
        let mut ids = HashSet::from([first]);
        while let Ok(id) = heard.try_recv() {
            ids.insert(id);
        }
        if news.receiver_count() == 0 {
            continue;
        }
        let told = look(&pool, &clock, &ids).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "what changed could not be looked up");
            StatusNews::LookAgain
        });
        // Nobody listening any more is no failure.
        let _ = news.send(Arc::new(told));
    }
    // Streams end with it, so that the process can.
    let _ = news.send(Arc::new(StatusNews::LookAgain));
}

async fn look(
    pool: &PgPool,
    clock: &Clock,
    ids: &HashSet<Uuid>,
) -> Result<StatusNews, sqlx::Error> {
    if ids.len() > MOST_ROWS || ids.contains(&Uuid::nil()) {
        return Ok(StatusNews::LookAgain);
    }
    let ids: Vec<TenantId> = ids.iter().copied().map(TenantId::from).collect();
    let mut op = Op::begin(pool, clock, Actor::Worker("live page")).await?;
    let rows = several(&mut op, Scope::all(), &ids).await?;
    let counts = KeptCounts(store::kept_of_all(&mut op).await?);
    Ok(StatusNews::Changed { rows, counts })
}
