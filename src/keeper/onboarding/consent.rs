//! The admin-consent leg: its address, and what happens when the browser comes back or the reviewer has approved.

use std::sync::Arc;

use super::acquire::go_on;
use super::as_app;
use super::attempt::Attempt;
use super::fail::stop;
use super::words::needs_approval;
use super::worker::with_lease;
use crate::clock::random_uuid;
use crate::domain::diagnosis::{self, Category};
use crate::entra::{Certainty, Failure, Meaning, TenantSegment};
use crate::keeper::core::{Core, Shared};
use crate::keeper::message::{Actor, Refusal};
use crate::keeper::reading::Reading;
use crate::keeper::resource::Resource;
use crate::keeper::store::flow_leases;
use crate::keeper::store::flows::{self, FlowState, Step};
use crate::keeper::store::{audit, connections, records};
use crate::keeper::text::Text;
use crate::keeper::trouble::Trouble;
use crate::storage::{FlowId, TenantId};

/// The address of Microsoft's admin-consent page: everything that our registration declares. Changes nothing, so that the
/// page may show it whenever it is looked at.
pub async fn consent_address(
    core: &Core,
    tenant_id: TenantId,
    flow_id: FlowId,
    state: &Text,
) -> Result<String, Trouble> {
    let attempt = Attempt::load(core, tenant_id, flow_id).await?;
    if !attempt.flow.state.awaits_consent() {
        return Err(Refusal::NotThere.into());
    }
    let segment = if let Some(id) = attempt.flow.connection_id {
        // Who signed in is known: consent must be for their tenant.
        let connection = connections::load(&core.pool, tenant_id, id).await?;
        TenantSegment::Tenant(connection.ok_or(Refusal::NotThere)?.entra_tenant_id)
    } else {
        let expected = attempt.expected_tenant(core).await?;
        let expected = expected.map_err(|_| Refusal::TryLater {
            retry_after_s: Some(30),
        })?;
        expected.segment()
    };
    let scope = format!("{}/.default", Resource::Graph.uri(&core.endpoints));
    let url = core.entra.admin_consent_url(
        &segment,
        attempt.app.app.client_id,
        &scope,
        &core.redirect_uri,
        state.expose(),
    );
    Ok(url.to_string())
}

/// Look again: the browser is back from admin consent (with the `refusal`, if it was one), or a reviewer has approved.
pub async fn resume(
    core: &Shared,
    tenant_id: TenantId,
    flow_id: FlowId,
    refusal: Option<&str>,
) -> Result<(), Trouble> {
    let attempt = Attempt::load(core, tenant_id, flow_id).await?;
    if !attempt.flow.state.awaits_consent() {
        return Err(Refusal::NotThere.into());
    }
    if let Some(refusal) = refusal {
        return refused(core, &attempt, refusal).await;
    }
    if attempt.flow.app_only {
        return as_app::came_back(core, &attempt).await;
    }
    if attempt.flow.connection_id.is_none() {
        // There is no token to go on with: the page signs in anew.
        stop(core, &attempt, Step::to(FlowState::Started), None).await?;
        return Ok(());
    }
    let lease_id = random_uuid();
    if !flow_leases::claim_one(&core.pool, tenant_id, flow_id, lease_id).await? {
        return Ok(()); // it is being looked at this very moment
    }
    let task = Arc::clone(core);
    core.tasks.spawn(async move {
        let work = go_on(&task, attempt, true);
        with_lease(&task, tenant_id, flow_id, lease_id, work).await;
    });
    Ok(())
}

/// Consent was refused or has to be approved by somebody else: the flow waits on, and the page says what was said.
async fn refused(core: &Core, attempt: &Attempt, refusal: &str) -> Result<(), Trouble> {
    let told = told(core, attempt, "admin_consent", "", refusal).await?;
    let now = core.clock.now();
    let state = if needs_approval(&told.codes) {
        FlowState::AwaitingApproval
    } else {
        FlowState::ConsentNeeded
    };
    let step = Step {
        error_id: Some(told.id),
        next_poll_at: (attempt.flow.app_only || attempt.flow.connection_id.is_some())
            .then_some(now),
        ..Step::to(state)
    };
    let mut tx = core.pool.begin().await?;
    let flow = &attempt.flow;
    flows::advance(&mut *tx, flow.tenant_id, flow.id, &step, now).await?;
    let details = serde_json::json!({ "error_id": told.id });
    audit::insert(
        &mut *tx,
        entry(attempt, "onboarding.consent_refused", details),
        now,
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

/// An error that came by the browser, recorded.
pub(super) struct Told {
    pub id: i64,
    pub codes: Vec<u32>,
    pub category: Category,
}

/// Record an error that Microsoft's page gave to the browser. It is unauthenticated input: it explains, it proves nothing.
pub(super) async fn told(
    core: &Core,
    attempt: &Attempt,
    operation: &str,
    error: &str,
    description: &str,
) -> Result<Told, Trouble> {
    const LONGEST: usize = 4096;
    let raw: String = format!("{error}: {description}")
        .chars()
        .take(LONGEST)
        .collect();
    let read = diagnosis::read(raw.as_bytes());
    let failure = Failure {
        meaning: Meaning::Rejected(Certainty::Definitive),
        error: read
            .error
            .clone()
            .or_else(|| Some(error.chars().take(100).collect())),
        suberror: read.suberror.clone(),
        codes: read.codes.clone(),
        description: read.message.clone(),
        trace_id: read.trace_id.clone(),
        correlation_id: read.correlation_id.clone(),
        timestamp: None,
        challenge: None,
        retry_after: None,
        http_status: None,
        raw,
    };
    let reading = Reading {
        code: read.code.and_then(|code| i32::try_from(code).ok()),
        category: read.category.as_str().to_owned(),
        message: read.message,
        max_lifetime_s: None,
    };
    let mut tx = core.pool.begin().await?;
    let now = core.clock.now();
    let noted = records::insert_error(
        &mut tx,
        &attempt.subject(),
        operation,
        &failure,
        &reading,
        "rejected",
        now,
    )
    .await?;
    tx.commit().await?;
    Ok(Told {
        id: noted.id,
        codes: read.codes,
        category: read.category,
    })
}

fn entry<'a>(
    attempt: &Attempt,
    action: &'static str,
    details: serde_json::Value,
) -> audit::Entry<'a> {
    static KEEPER: std::sync::LazyLock<Actor> = std::sync::LazyLock::new(Actor::keeper);
    audit::Entry {
        tenant_id: Some(attempt.flow.tenant_id),
        actor: &KEEPER,
        action,
        object_type: "onboarding_flow",
        object_id: attempt.flow.id.to_string(),
        result: "done",
        details,
    }
}
