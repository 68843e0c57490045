//! Begin an attempt, begin again, and take over from another browser. One attempt lives per invitation.

use super::secret::FlowSecret;
use super::{Flow, PATIENCE, store};
use crate::domain::audit;
use crate::domain::invitation::{Invitation, Method};
use crate::domain::op::Op;
use crate::domain::tenant::{self, FieldError};
use crate::keeper;
use crate::keeper::message::Request;
use crate::storage::{FlowId, InvitationId, TenantId, Violation, violation};

/// What the bearer chose on the page.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub method: Method,
    /// The user name they will sign in with; empty when they gave none.
    pub admin_username: String,
    pub someone_else: bool,
    /// Address of the browser, a signal for the technician and nothing more.
    pub ip: String,
}

/// The user name as typed on the page; empty is allowed.
pub fn parse_admin_username(typed: &str) -> Result<String, FieldError> {
    tenant::address("admin_username", typed)
}

/// An attempt begun: its id, the secret for the cookie, and the attempts it ended, whose secrets the keeper should forget.
#[derive(Debug)]
pub struct Begun {
    pub flow: FlowId,
    pub secret: FlowSecret,
    pub ended: Vec<FlowId>,
}

/// Why no attempt was begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// Used, expired or withdrawn.
    #[error("the invitation is no longer good")]
    NotGood,
    /// Another browser is at it; its bearer must say "Continue here" first.
    #[error("the invitation is in use in another browser")]
    Elsewhere,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Begin an attempt; one that this browser (`own`) began before ends. Every attempt gets a new secret.
pub async fn begin(
    op: &mut Op,
    invitation: &Invitation,
    own: Option<&Flow>,
    attempt: Attempt,
) -> Result<Begun, BeginError> {
    op.enter(invitation.tenant_id).await?;
    if !store::touch_invitation(op, invitation).await? {
        return Err(BeginError::NotGood);
    }
    if lives_elsewhere(op, invitation, own).await? {
        return Err(BeginError::Elsewhere);
    }
    let ended = supersede(op, invitation.tenant_id, invitation.id).await?;
    let (flow, secret) = (FlowId::new(), FlowSecret::generate());
    let state_hash = super::secret::sha256(&secret.leg_state());
    let expires_at = op.now() + PATIENCE;
    store::insert(
        op,
        invitation,
        flow,
        &secret.hash(),
        &state_hash,
        &attempt,
        expires_at,
    )
    .await
    .map_err(|error| match violation(&error) {
        // Two browsers pressed the button at once; the database let one through.
        Some(Violation::Unique("onboarding_flows_live_key")) => BeginError::Elsewhere,
        _ => BeginError::Database(error),
    })?;
    audit::Entry::new("onboarding.started")
        .tenant(invitation.tenant_id)
        .object("invitation", invitation.id)
        .detail("flow", flow.to_string())
        .detail("method", attempt.method.as_str())
        .detail("someone_else", attempt.someone_else)
        .write(op)
        .await?;
    Ok(Begun {
        flow,
        secret,
        ended,
    })
}

/// Does an attempt live that is not this browser's?
pub async fn lives_elsewhere(
    op: &mut Op,
    invitation: &Invitation,
    own: Option<&Flow>,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let live = store::find_live(op, invitation.tenant_id, invitation.id).await?;
    Ok(live.is_some_and(|flow| flow.is_live(now) && own.is_none_or(|own| own.id != flow.id)))
}

/// "Continue here": end the attempt of the other browser. Gives what the keeper should forget.
pub async fn continue_here(
    op: &mut Op,
    invitation: &Invitation,
) -> Result<Vec<FlowId>, sqlx::Error> {
    let ended = supersede(op, invitation.tenant_id, invitation.id).await?;
    for flow in &ended {
        audit::Entry::new("onboarding.taken_over")
            .tenant(invitation.tenant_id)
            .object("invitation", invitation.id)
            .detail("flow", flow.to_string())
            .write(op)
            .await?;
    }
    Ok(ended)
}

/// End every attempt of an invitation that still stands. Gives what the keeper should forget.
pub async fn supersede(
    op: &mut Op,
    tenant: TenantId,
    invitation: InvitationId,
) -> Result<Vec<FlowId>, sqlx::Error> {
    store::supersede(op, tenant, invitation).await
}

/// Mark attempts that were left unfinished; a worker's operation, idempotent, a bounded batch. Gives what the keeper should
/// forget.
pub async fn expire(op: &mut Op) -> Result<Vec<(TenantId, FlowId)>, sqlx::Error> {
    store::mark_abandoned(op, 500).await
}

/// Have the keeper forget the secrets of attempts that ended; after the commit that ended them. When it does not answer
/// nothing is lost: those attempts can no longer be continued, and their codes lapse by themselves.
pub async fn forget(keeper: &keeper::Client, tenant: TenantId, flows: &[FlowId]) {
    for flow in flows {
        let request = Request::EndFlow {
            tenant_id: tenant.as_uuid(),
            flow_id: flow.as_uuid(),
        };
        if keeper.ask(request).await.is_err() {
            tracing::warn!(flow.id = %flow, "the keeper did not confirm that it forgot an ended flow");
        }
    }
}
