//! A trip to Microsoft's pages and back. Each has an OAuth state of its own, bound to flow and cookie, good once.

use time::OffsetDateTime;

use super::secret::{FlowSecret, sha256};
use super::{Flow, PATIENCE, store};
use crate::domain::audit;
use crate::domain::op::Op;

/// Prepare a trip: a new secret for the cookie, whose [`FlowSecret::leg_state`] travels along, and a new spell of time.
/// None when another request of this browser was faster.
pub async fn open_leg(
    op: &mut Op,
    flow: &Flow,
    present: &FlowSecret,
) -> Result<Option<FlowSecret>, sqlx::Error> {
    let secret = FlowSecret::generate();
    if !store::open_leg(op, flow, &present.hash(), &next(op, &secret)).await? {
        return Ok(None);
    }
    write_down(op, "onboarding.leg_opened", flow).await?;
    Ok(Some(secret))
}

/// The browser came back with `state`: the flow it belongs to, if that trip was out and this browser made it. The trip is
/// over thereby: coming back with the same state finds nothing. The new secret is for the cookie, ready for another trip.
pub async fn take_leg(
    op: &mut Op,
    secret: &FlowSecret,
    state: &str,
) -> Result<Option<(Flow, FlowSecret)>, sqlx::Error> {
    let new = FlowSecret::generate();
    if !store::take_leg(op, &secret.hash(), &sha256(state), &next(op, &new)).await? {
        return Ok(None);
    }
    let Some(flow) = super::find(op, &new).await? else {
        return Ok(None);
    };
    write_down(op, "onboarding.returned", &flow).await?;
    Ok(Some((flow, new)))
}

/// Its bearer still waits for consent: give the attempt another spell of time.
pub async fn prolong(op: &mut Op, flow: &Flow) -> Result<(), sqlx::Error> {
    let expires_at = op.now() + PATIENCE;
    store::prolong(op, flow, expires_at).await
}

/// What a new secret writes into the row.
pub(super) struct NextLeg {
    pub secret_hash: Vec<u8>,
    pub state_hash: Vec<u8>,
    pub expires_at: OffsetDateTime,
}

fn next(op: &Op, secret: &FlowSecret) -> NextLeg {
    NextLeg {
        secret_hash: secret.hash(),
        state_hash: sha256(&secret.leg_state()),
        expires_at: op.now() + PATIENCE,
    }
}

async fn write_down(op: &mut Op, action: &'static str, flow: &Flow) -> Result<(), sqlx::Error> {
    audit::Entry::new(action)
        .tenant(flow.tenant_id)
        .object("invitation", flow.invitation_id)
        .detail("flow", flow.id.to_string())
        .write(op)
        .await
}
