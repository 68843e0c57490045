//! The invitation by which an administrator lets the application itself in: consent is the whole sign-in, and tokens for the
//! expected tenant prove it. Whatever the browser brings back from Microsoft is never believed.

use time::OffsetDateTime;
use uuid::Uuid;

use super::attempt::{Attempt, ExpectedTenant};
use super::fail::fail;
use super::words;
use crate::keeper::app_only::{Adoption, Next, adopt, try_all, word};
use crate::keeper::core::Core;
use crate::keeper::message::{Actor, Refusal};
use crate::keeper::store::flows::{self, FlowState, Step};
use crate::keeper::store::{audit, tenants};
use crate::keeper::trouble::Trouble;
use crate::storage::{FlowId, TenantId};

/// While a reviewer decides.
const REVIEW_PAUSE: time::Duration = time::Duration::minutes(1);

/// Show the admin-consent leg.
pub async fn start_consent(
    core: &Core,
    tenant_id: TenantId,
    flow_id: FlowId,
) -> Result<(), Trouble> {
    let attempt = Attempt::load(core, tenant_id, flow_id).await?;
    if !attempt.flow.app_only || attempt.flow.state != FlowState::Started || attempt.is_over(core) {
        return Err(Refusal::NotThere.into());
    }
    if attempt.app.app.credential.is_none() {
        return Err(Refusal::NoApp.into());
    }
    if tenant(core, &attempt).await?.is_none() {
        return fail(core, &attempt, words::TENANT_UNKNOWN, None).await;
    }
    let step = Step {
        expires_at: Some(attempt.invitation.expires_at),
        ..Step::to(FlowState::ConsentNeeded)
    };
    flows::advance(&core.pool, tenant_id, flow_id, &step, core.clock.now()).await?;
    Ok(())
}

/// The browser is back, or says that consent was given in another way: try.
pub(super) async fn came_back(core: &Core, attempt: &Attempt) -> Result<(), Trouble> {
    let (tenant_id, flow_id) = (attempt.flow.tenant_id, attempt.flow.id);
    flows::note_consented(&core.pool, tenant_id, flow_id, core.clock.now()).await?;
    core.flows_changed.notify_one();
    Ok(())
}

/// A look while a reviewer decides: has consent come?
pub(super) async fn look(
    core: &Core,
    attempt: &Attempt,
) -> Result<Option<OffsetDateTime>, Trouble> {
    if attempt.flow.state != FlowState::AwaitingApproval {
        return Ok(None);
    }
    let Some(entra_tenant_id) = tenant(core, attempt).await? else {
        return Ok(None);
    };
    let now = core.clock.now();
    let trial = try_all(core, &attempt.app, entra_tenant_id, attempt.subject()).await?;
    if trial.verdict.next(now, now) == Next::Adopt {
        flows::note_consented(&core.pool, attempt.flow.tenant_id, attempt.flow.id, now).await?;
        return Ok(Some(now));
    }
    Ok(Some(now + REVIEW_PAUSE))
}

/// Try the whole set, and take it up when it works.
pub(super) async fn acquire(
    core: &Core,
    attempt: &Attempt,
) -> Result<Option<OffsetDateTime>, Trouble> {
    let flow = &attempt.flow;
    let Some(entra_tenant_id) = tenant(core, attempt).await? else {
        fail(core, attempt, words::TENANT_UNKNOWN, None).await?;
        return Ok(None);
    };
    let owner = tenants::bound_to(&core.pool, entra_tenant_id).await?;
    if owner.is_some_and(|owner| owner != attempt.tenant.id) {
        fail(core, attempt, words::TENANT_TAKEN, None).await?;
        return Ok(None);
    }
    let trial = try_all(core, &attempt.app, entra_tenant_id, attempt.subject()).await?;
    let now = core.clock.now();
    let since = flow.consented_at.unwrap_or(flow.created_at);
    let step = |state| Step {
        error_id: trial.error_id,
        ..Step::to(state)
    };
    match trial.verdict.next(since, now) {
        Next::LookAgain(next) => {
            let step = Step {
                next_poll_at: Some(next),
                ..step(FlowState::Acquiring)
            };
            flows::advance(&core.pool, flow.tenant_id, flow.id, &step, now).await?;
            Ok(Some(next))
        }
        Next::Fail(word) => {
            let step = Step {
                failure: Some(of_page(word)),
                ..step(FlowState::Failed)
            };
            super::fail::stop(core, attempt, step, None).await?;
            Ok(None)
        }
        Next::Adopt => {
            let adoption = Adoption::prepare(core, flow.tenant_id, entra_tenant_id, trial).await?;
            complete(core, attempt, &adoption).await?;
            Ok(None)
        }
    }
}

/// Everything in one transaction: the invitation is used, the standing is there, the former one is history.
async fn complete(core: &Core, attempt: &Attempt, adoption: &Adoption) -> Result<(), Trouble> {
    let flow = &attempt.flow;
    let now = core.clock.now();
    let actor = Actor::customer(&attempt.invitation.expected_admin, &flow.ip);
    let mut tx = core.pool.begin().await?;
    if !tenants::complete(&mut tx, flow.tenant_id, attempt.invitation.id, now).await? {
        drop(tx);
        return fail(core, attempt, words::INVITATION_ENDED, None).await;
    }
    let invitation = Some(attempt.invitation.id);
    let adopted = adopt(&mut tx, core, adoption, &attempt.app, invitation, &actor).await?;
    if adopted.is_err() {
        drop(tx);
        return fail(core, attempt, words::TENANT_TAKEN, None).await;
    }
    if !flows::attach_connection(&mut tx, flow.tenant_id, flow.id, adoption.id, now).await? {
        return Ok(()); // ended meanwhile; nothing is kept
    }
    let step = Step::to(FlowState::Complete);
    flows::advance(&mut *tx, flow.tenant_id, flow.id, &step, now).await?;
    let entry = audit::Entry {
        tenant_id: Some(flow.tenant_id),
        actor: &actor,
        action: "onboarding.complete",
        object_type: "connection",
        object_id: adoption.id.to_string(),
        result: "done",
        details: serde_json::json!({ "acquired": adoption.acquired() }),
    };
    audit::insert(&mut *tx, entry, now).await?;
    tx.commit().await?;
    Ok(())
}

/// The tenant that tokens are asked for. An address that came back from Microsoft names one too, but proves nothing.
async fn tenant(core: &Core, attempt: &Attempt) -> Result<Option<Uuid>, Trouble> {
    match attempt.expected_tenant(core).await? {
        Ok(ExpectedTenant::Known(id)) => Ok(Some(id)),
        Ok(ExpectedTenant::Any | ExpectedTenant::Unresolved) => Ok(None),
        Err(_) => Err(Refusal::TryLater {
            retry_after_s: Some(30),
        }
        .into()),
    }
}

/// To the customer every credential is ours.
fn of_page(failure: &'static str) -> &'static str {
    match failure {
        word::CREDENTIAL_EXPIRED
        | word::CREDENTIAL_WRONG
        | word::CERTIFICATE_UNKNOWN
        | word::CLOCK => words::APP_TROUBLE,
        word => word,
    }
}
