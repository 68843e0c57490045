//! The ends of an attempt that brought a grant, each one transaction: it becomes the tenant's standing, is held for a
//! technician, stands in with a part, or is forgotten.

use sqlx::PgConnection;
use time::Duration;

use super::attempt::Attempt;
use super::fail::revoke;
use super::words;
use crate::keeper::core::{Core, jitter};
use crate::keeper::message::{Actor, Refusal};
use crate::keeper::refresh::{Report, State};
use crate::keeper::store::connections::{self, Connection};
use crate::keeper::store::flow_secrets;
use crate::keeper::store::flows::{self, FlowState, Step};
use crate::keeper::store::{audit, schedule, tenants};
use crate::keeper::trouble::Trouble;
use crate::storage::{FlowId, TenantId, Violation, violation};

/// "All tokens acquired": consume the invitation, make the grant the tenant's standing, revoke the one before.
pub(super) async fn complete(
    core: &Core,
    attempt: &Attempt,
    connection: &Connection,
    report: &Report,
) -> Result<(), Trouble> {
    let flow = &attempt.flow;
    let now = core.clock.now();
    let actor = Actor::customer(&connection.admin_username, &flow.ip);
    let mut tx = core.pool.begin().await?;
    if !consume(&mut tx, core, attempt, connection, &actor).await? {
        tx.commit().await?;
        return Ok(());
    }
    if connection.state == State::Pending {
        let made = make_current(&mut tx, core, connection, State::Active, None, &actor).await;
        if let Err(Taken) = outcome(made)? {
            drop(tx);
            return forget(core, attempt, connection, words::TENANT_TAKEN, &actor).await;
        }
    }
    let step = Step::to(FlowState::Complete);
    flows::advance(&mut *tx, flow.tenant_id, flow.id, &step, now).await?;
    let acquired: Vec<_> = report
        .lines
        .iter()
        .filter(|line| line.valid)
        .map(|line| line.resource.as_str())
        .collect();
    let details = serde_json::json!({ "acquired": acquired });
    audit::insert(
        &mut *tx,
        entry(connection, &actor, "onboarding.complete", details),
        now,
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Everything is acquired, but a technician has to confirm who signed in.
pub(super) async fn hold(
    core: &Core,
    attempt: &Attempt,
    connection: &Connection,
) -> Result<(), Trouble> {
    let flow = &attempt.flow;
    let now = core.clock.now();
    let actor = Actor::customer(&connection.admin_username, &flow.ip);
    let mut tx = core.pool.begin().await?;
    if consume(&mut tx, core, attempt, connection, &actor).await? {
        let step = Step::to(FlowState::Held);
        flows::advance(&mut *tx, flow.tenant_id, flow.id, &step, now).await?;
        let details = serde_json::json!({});
        audit::insert(
            &mut *tx,
            entry(connection, &actor, "onboarding.held", details),
            now,
        )
        .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Nothing else works for this tenant, so the part that was acquired does, while consent to the rest is awaited.
pub(super) async fn stand_in(
    core: &Core,
    attempt: &Attempt,
    connection: &Connection,
) -> Result<(), Trouble> {
    let actor = Actor::customer(&connection.admin_username, &attempt.flow.ip);
    let cause = Some("consent_missing");
    let mut tx = core.pool.begin().await?;
    let state = State::NeedsConsent;
    let made = make_current(&mut tx, core, connection, state, cause, &actor).await;
    if let Err(Taken) = outcome(made)? {
        drop(tx);
        return forget(core, attempt, connection, words::TENANT_TAKEN, &actor).await;
    }
    tx.commit().await?;
    Ok(())
}

/// Forget a flow (superseded, or its invitation was revoked): its secrets, and its grant while that is apart.
pub async fn end_flow(core: &Core, tenant_id: TenantId, flow_id: FlowId) -> Result<(), Trouble> {
    abandon(core, tenant_id, flow_id, &Step::to(FlowState::Superseded)).await
}

/// End a flow that cannot go on.
pub(super) async fn abandon(
    core: &Core,
    tenant_id: TenantId,
    flow_id: FlowId,
    step: &Step,
) -> Result<(), Trouble> {
    let now = core.clock.now();
    let flow = flows::load(&core.pool, tenant_id, flow_id)
        .await?
        .ok_or(Refusal::NotThere)?;
    let mut tx = core.pool.begin().await?;
    flow_secrets::erase(&mut *tx, tenant_id, flow_id).await?;
    flows::advance(&mut *tx, tenant_id, flow_id, step, now).await?;
    if let Some(id) = flow
        .connection_id
        .filter(|_| !matches!(flow.state, FlowState::Complete | FlowState::Held))
    {
        let connection = connections::load(&mut *tx, tenant_id, id).await?;
        if connection.is_some_and(|connection| connection.state == State::Pending) {
            revoke(&mut tx, core, tenant_id, id, &Actor::keeper(), "abandoned").await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// The one use of an invitation. Whoever loses the race stores nothing.
async fn consume(
    tx: &mut PgConnection,
    core: &Core,
    attempt: &Attempt,
    connection: &Connection,
    actor: &Actor,
) -> sqlx::Result<bool> {
    let flow = &attempt.flow;
    let now = core.clock.now();
    if tenants::complete(&mut *tx, flow.tenant_id, attempt.invitation.id, now).await? {
        return Ok(true);
    }
    let step = Step {
        failure: Some(words::INVITATION_ENDED),
        ..Step::to(FlowState::Failed)
    };
    flows::advance(&mut *tx, flow.tenant_id, flow.id, &step, now).await?;
    revoke(
        tx,
        core,
        flow.tenant_id,
        connection.id,
        actor,
        words::INVITATION_ENDED,
    )
    .await?;
    Ok(false)
}

/// From pending to the tenant's standing; the one before becomes history. The tenant is bound to its Entra tenant.
pub(in crate::keeper) async fn make_current(
    tx: &mut PgConnection,
    core: &Core,
    connection: &Connection,
    state: State,
    cause: Option<&str>,
    actor: &Actor,
) -> sqlx::Result<bool> {
    let now = core.clock.now();
    let (tenant_id, id) = (connection.tenant_id, connection.id);
    if let Some(former) = connections::load_current(&mut *tx, tenant_id).await?
        && former.id != id
    {
        revoke(&mut *tx, core, tenant_id, former.id, actor, "replaced").await?;
    }
    if !connections::make_current(&mut *tx, tenant_id, id, state, cause, now).await? {
        return Ok(false);
    }
    tenants::bind(
        &mut *tx,
        tenant_id,
        connection.entra_tenant_id,
        &connection.admin_username,
        now,
    )
    .await?;
    if state == State::Active {
        let next = now + Duration::hours(24) * (0.8 + 0.4 * jitter());
        schedule::set_due(&mut *tx, tenant_id, id, next).await?;
    }
    let details = serde_json::json!({ "state": state.as_str() });
    audit::insert(
        &mut *tx,
        entry(connection, actor, "connection.activate", details),
        now,
    )
    .await?;
    Ok(true)
}

/// Another tenant of ours was bound to this Entra tenant meanwhile.
pub(in crate::keeper) struct Taken;

/// Tell that apart from trouble.
pub(in crate::keeper) fn outcome(made: sqlx::Result<bool>) -> Result<Result<bool, Taken>, Trouble> {
    match made {
        Err(error)
            if violation(&error) == Some(Violation::Unique("tenants_entra_tenant_id_key")) =>
        {
            Ok(Err(Taken))
        }
        Err(error) => Err(error.into()),
        Ok(made) => Ok(Ok(made)),
    }
}

async fn forget(
    core: &Core,
    attempt: &Attempt,
    connection: &Connection,
    word: &'static str,
    actor: &Actor,
) -> Result<(), Trouble> {
    let (tenant_id, flow_id) = (attempt.flow.tenant_id, attempt.flow.id);
    let step = Step {
        failure: Some(word),
        ..Step::to(FlowState::Failed)
    };
    let mut tx = core.pool.begin().await?;
    flows::advance(&mut *tx, tenant_id, flow_id, &step, core.clock.now()).await?;
    revoke(&mut tx, core, tenant_id, connection.id, actor, word).await?;
    tx.commit().await?;
    Ok(())
}

fn entry<'a>(
    connection: &Connection,
    actor: &'a Actor,
    action: &'static str,
    details: serde_json::Value,
) -> audit::Entry<'a> {
    audit::Entry {
        tenant_id: Some(connection.tenant_id),
        actor,
        action,
        object_type: "connection",
        object_id: connection.id.to_string(),
        result: "done",
        details,
    }
}
