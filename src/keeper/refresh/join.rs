//! Refreshes on demand: whoever asks joins the run that is under way here, or waits for the one of another keeper, or
//! starts one. The run is a task of its own and goes on when nobody waits any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::plan::Wish;
use super::report::Report;
use super::run::run;
use super::take::{Taken, take};
use crate::clock::random_uuid;
use crate::entra::Challenge;
use crate::keeper::core::Shared;
use crate::keeper::fault::{Point, reach};
use crate::keeper::message::Refusal;
use crate::keeper::resource::Resource;
use crate::keeper::store::schedule;
use crate::keeper::store::tokens;
use crate::keeper::trouble::Trouble;
use crate::storage::{ConnectionId, TenantId};

/// Pause between two looks at another keeper's refresh.
const LOOK: Duration = Duration::from_millis(100);

/// A run's end, once it is known.
pub type Asked = Result<Arc<Report>, Refusal>;
type Waiting = watch::Receiver<Option<Asked>>;

/// The runs under way in this keeper.
#[derive(Default)]
pub struct Running {
    map: Mutex<HashMap<ConnectionId, Waiting>>,
}

impl Running {
    fn map(&self) -> MutexGuard<'_, HashMap<ConnectionId, Waiting>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: ConnectionId) -> Option<Waiting> {
        self.map().get(&id).cloned()
    }
}

/// Refresh a connection now: join, wait or start.
pub async fn refresh(
    core: &Shared,
    tenant_id: TenantId,
    id: ConnectionId,
    wish: Wish,
) -> Result<Arc<Report>, Trouble> {
    if let Some(waiting) = core.running.find(id) {
        return Ok(end_of(waiting).await?);
    }
    start(core, tenant_id, id, wish, None).await
}

/// Refresh for a resource that refused our access token: a run of our own, after the one that is under way, because
/// another's answer would not carry what was asked for.
pub async fn refresh_for(
    core: &Shared,
    tenant_id: TenantId,
    id: ConnectionId,
    resource: Resource,
    challenge: Challenge,
) -> Result<Arc<Report>, Trouble> {
    if let Some(waiting) = core.running.find(id) {
        let _ = end_of(waiting).await;
    }
    start(core, tenant_id, id, Wish::One(resource), Some(challenge)).await
}

async fn start(
    core: &Shared,
    tenant_id: TenantId,
    id: ConnectionId,
    wish: Wish,
    challenge: Option<Challenge>,
) -> Result<Arc<Report>, Trouble> {
    let claim = schedule::claim_one(&core.pool, tenant_id, id, random_uuid()).await?;
    if let Some(claim) = claim {
        let taken = take(core, vec![claim]).await?.into_iter().next();
        let run = taken.map(|taken| track(core, Taken { challenge, ..taken }, wish, None));
        return Ok(end_of(run.ok_or(Refusal::NotThere)?).await?);
    }
    let deadline = Instant::now() + core.settings.watch_for;
    loop {
        // Claimed here a moment ago by the worker, or by another keeper.
        if let Some(waiting) = core.running.find(id) {
            return Ok(end_of(waiting).await?);
        }
        let leased = schedule::is_leased(&core.pool, tenant_id, id).await?;
        if !leased.ok_or(Refusal::NotThere)? {
            let tokens = tokens::list(&core.pool, tenant_id, id).await?;
            return Ok(Arc::new(Report::of_store(&tokens)));
        }
        if Instant::now() >= deadline {
            return Err(gone().into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Start the run of a claim as a task; whoever comes meanwhile can wait for its end. `hand` is free again afterwards.
pub(super) fn track(
    core: &Shared,
    taken: Taken,
    wish: Wish,
    hand: Option<OwnedSemaphorePermit>,
) -> Waiting {
    let (tell, waiting) = watch::channel(None);
    let id = taken.claim.connection_id;
    core.running.map().insert(id, waiting.clone());
    let core = Arc::clone(core);
    core.tasks.clone().spawn(async move {
        let end = run(&core, taken, wish).await;
        core.running.map().remove(&id);
        let _ = tell.send(Some(end.map(Arc::new).map_err(Refusal::from)));
        reach(Point::Published);
        drop(hand);
    });
    waiting
}

async fn end_of(mut waiting: Waiting) -> Asked {
    match waiting.wait_for(Option::is_some).await {
        Ok(end) => end.clone().unwrap_or(Err(gone())),
        Err(_) => Err(gone()),
    }
}

/// It takes longer than anybody should wait, or was torn down with its runtime.
fn gone() -> Refusal {
    Refusal::TryLater {
        retry_after_s: Some(5),
    }
}
