//! The end of an attempt that brought nothing: word on the page, error and audit entry, secrets erased, in one transaction.

use sqlx::PgConnection;

use super::attempt::Attempt;
use crate::entra::{CallRecord, Failure};
use crate::keeper::core::Core;
use crate::keeper::message::Actor;
use crate::keeper::record;
use crate::keeper::store::flow_secrets;
use crate::keeper::store::flows::{self, FlowState, Step};
use crate::keeper::store::{audit, connections, schedule, secrets, tokens};
use crate::keeper::trouble::Trouble;
use crate::storage::{ConnectionId, TenantId};

/// End a flow with a word; `failed` is the call that ended it.
pub(super) async fn fail(
    core: &Core,
    attempt: &Attempt,
    word: &'static str,
    failed: Option<(&CallRecord, &Failure)>,
) -> Result<(), Trouble> {
    let step = Step {
        failure: Some(word),
        ..Step::to(FlowState::Failed)
    };
    stop(core, attempt, step, failed).await
}

/// Move a flow to a state in which it needs its secrets no more.
pub(super) async fn stop(
    core: &Core,
    attempt: &Attempt,
    mut step: Step,
    failed: Option<(&CallRecord, &Failure)>,
) -> Result<(), Trouble> {
    let now = core.clock.now();
    let flow = &attempt.flow;
    let mut tx = core.pool.begin().await?;
    if let Some((call, failure)) = failed {
        let noted = record::failed(&mut tx, core, &attempt.subject(), call, failure).await?;
        step.error_id = Some(noted.id);
    }
    let moved = flows::advance(&mut *tx, flow.tenant_id, flow.id, &step, now).await?;
    flow_secrets::erase(&mut *tx, flow.tenant_id, flow.id).await?;
    if moved {
        audit::insert(&mut *tx, entry(attempt, &step), now).await?;
    }
    tx.commit().await?;
    Ok(())
}

fn entry<'a>(attempt: &Attempt, step: &Step) -> audit::Entry<'a> {
    static KEEPER: std::sync::LazyLock<Actor> = std::sync::LazyLock::new(Actor::keeper);
    audit::Entry {
        tenant_id: Some(attempt.flow.tenant_id),
        actor: &KEEPER,
        action: "onboarding.step",
        object_type: "onboarding_flow",
        object_id: attempt.flow.id.to_string(),
        result: if step.failure.is_some() {
            "failed"
        } else {
            "done"
        },
        details: serde_json::json!({
            "state": step.state.as_str(),
            "failure": step.failure,
            "error_id": step.error_id,
        }),
    }
}

/// A connection becomes history: its secrets are erased with it.
pub(super) async fn revoke(
    tx: &mut PgConnection,
    core: &Core,
    tenant_id: TenantId,
    id: ConnectionId,
    actor: &Actor,
    why: &'static str,
) -> sqlx::Result<bool> {
    let now = core.clock.now();
    let revoked = connections::revoke(&mut *tx, tenant_id, id, now).await?;
    if !revoked {
        return Ok(false);
    }
    secrets::erase(&mut *tx, tenant_id, id).await?;
    tokens::erase(&mut *tx, tenant_id, id).await?;
    schedule::delete(&mut *tx, tenant_id, id).await?;
    let entry = audit::Entry {
        tenant_id: Some(tenant_id),
        actor,
        action: "connection.revoke",
        object_type: "connection",
        object_id: id.to_string(),
        result: "done",
        details: serde_json::json!({ "why": why }),
    };
    audit::insert(&mut *tx, entry, now).await?;
    Ok(true)
}
