//! The onboarding worker: looks at flows when their next look is due, in any keeper, after any restart. And the sweep that
//! lets grants die which nobody completed or confirmed.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::acquire::{go_on, lapse};
use super::as_app;
use super::attempt::Attempt;
use super::device::poll;
use super::end::abandon;
use super::fail::{fail, revoke};
use super::words;
use crate::clock::random_uuid;
use crate::keeper::core::{Core, Shared};
use crate::keeper::message::{Actor, Refusal};
use crate::keeper::store::connections;
use crate::keeper::store::flow_leases;
use crate::keeper::store::flows::{self, FlowState, Step};
use crate::keeper::trouble::Trouble;
use crate::storage::{FlowId, TenantId};

/// Flows claimed at a time.
const BATCH: i64 = 20;
/// A third of the flows' lease.
const RENEW: Duration = Duration::from_secs(20);
/// After trouble of our own.
const AGAIN: Duration = Duration::from_secs(10);

/// Run until the keeper stops.
pub async fn work(core: Shared) {
    while !core.stop.is_cancelled() {
        let claimed = turn(&core).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "onboarding flows cannot be claimed");
            0
        });
        if claimed == 0 {
            tokio::select! {
                () = core.stop.cancelled() => {}
                () = core.flows_changed.notified() => {}
                () = tokio::time::sleep(core.settings.poll_pause) => {}
            }
        }
    }
}

async fn turn(core: &Shared) -> sqlx::Result<usize> {
    let lease_id = random_uuid();
    let due = flow_leases::claim_due(&core.pool, lease_id, core.clock.now(), BATCH).await?;
    let count = due.len();
    for (tenant_id, flow_id) in due {
        let core = Arc::clone(core);
        core.tasks.clone().spawn(async move {
            let work = look(&core, tenant_id, flow_id, lease_id);
            with_lease(&core, tenant_id, flow_id, lease_id, work).await;
        });
    }
    Ok(count)
}

/// One look at a flow. Gives the next, if there is to be one.
async fn look(
    core: &Shared,
    tenant_id: TenantId,
    flow_id: FlowId,
    lease_id: Uuid,
) -> Result<Option<OffsetDateTime>, Trouble> {
    let attempt = match Attempt::load(core, tenant_id, flow_id).await {
        Err(Trouble::Refused(refusal)) => {
            let word = match refusal {
                Refusal::NoApp => words::APP_TROUBLE,
                _ => words::INVITATION_ENDED,
            };
            let step = Step {
                failure: Some(word),
                ..Step::to(FlowState::Failed)
            };
            abandon(core, tenant_id, flow_id, &step).await?;
            return Ok(None);
        }
        attempt => attempt?,
    };
    match attempt.flow.state {
        FlowState::CodeShown => poll(core, attempt, lease_id).await,
        FlowState::Acquiring if attempt.flow.app_only => as_app::acquire(core, &attempt).await,
        FlowState::Acquiring if attempt.flow.connection_id.is_none() => {
            // Its process died between code and grant: the code is used, the tokens are gone.
            fail(core, &attempt, words::TROUBLE, None).await?;
            Ok(None)
        }
        FlowState::Acquiring => go_on(core, attempt, true).await,
        FlowState::ConsentNeeded | FlowState::AwaitingApproval => {
            if attempt.flow.expires_at <= core.clock.now() {
                lapse(core, &attempt).await?;
                return Ok(None);
            }
            if attempt.flow.app_only {
                return as_app::look(core, &attempt).await;
            }
            go_on(core, attempt, false).await
        }
        _ => Ok(None),
    }
}

/// Hold a flow's lease while `work` runs, then give it back with the next look. Its end is written in a task that nobody
/// can cancel.
pub(super) async fn with_lease(
    core: &Core,
    tenant_id: TenantId,
    flow_id: FlowId,
    lease_id: Uuid,
    work: impl Future<Output = Result<Option<OffsetDateTime>, Trouble>>,
) {
    // On the heap: these futures carry a whole onboarding.
    let mut work = Box::pin(work);
    let mut renewal = tokio::time::interval(RENEW);
    renewal.tick().await;
    let end = loop {
        tokio::select! {
            end = &mut work => break end,
            _ = renewal.tick() => {
                let _ = flow_leases::renew(&core.pool, tenant_id, flow_id, lease_id).await;
            }
        }
    };
    let looked = match end {
        Ok(next) => flow_leases::set_next(&core.pool, tenant_id, flow_id, lease_id, next).await,
        // Ended by somebody else meanwhile.
        Err(Trouble::Refused(Refusal::NotThere)) => {
            flow_leases::set_next(&core.pool, tenant_id, flow_id, lease_id, None).await
        }
        Err(trouble) => {
            tracing::warn!(flow.id = %flow_id, error = %trouble, "an onboarding flow is stuck for now");
            let next = Some(core.clock.now() + AGAIN);
            flow_leases::set_next(&core.pool, tenant_id, flow_id, lease_id, next).await
        }
    };
    if let Err(error) = looked {
        tracing::warn!(flow.id = %flow_id, %error, "an onboarding flow keeps its lease until it ends");
    }
}

/// Let grants die that waited too long, until the keeper stops.
pub async fn sweep(core: Shared) {
    while !core.stop.is_cancelled() {
        if let Err(error) = sweep_once(&core).await {
            tracing::warn!(%error, "unconfirmed grants cannot be swept");
        }
        tokio::select! {
            () = core.stop.cancelled() => {}
            () = tokio::time::sleep(core.settings.sweep_pause) => {}
        }
    }
}

async fn sweep_once(core: &Core) -> sqlx::Result<()> {
    let now = core.clock.now();
    let before = now - core.settings.pending_life;
    for (tenant_id, id) in connections::lapsed_pending(&core.pool, before).await? {
        let mut tx = core.pool.begin().await?;
        flows::end_of_connection(&mut tx, tenant_id, id, now).await?;
        revoke(&mut tx, core, tenant_id, id, &Actor::keeper(), "lapsed").await?;
        tx.commit().await?;
    }
    Ok(())
}
