//! How an invitation ends without having been used: withdrawn by a technician, or its time ran out. Used up is the
//! keeper's to write, in the transaction that stores the tokens.

use super::store;
use crate::domain::audit;
use crate::domain::onboarding;
use crate::domain::op::{Op, Scope};
use crate::storage::{FlowId, InvitationId, TenantId};

/// Invitations that one run of the sweep ends at most.
const BATCH: i64 = 500;

/// Why nothing was withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    #[error("no such invitation")]
    NotThere,
    /// It was used, withdrawn or expired before.
    #[error("the invitation has ended already")]
    NotGood,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Withdraw an open invitation. Gives the flows that ended with it: after the commit the keeper should forget their
/// secrets ([`onboarding::forget`]).
pub async fn revoke(op: &mut Op, scope: Scope, id: InvitationId) -> Result<Vec<FlowId>, EndError> {
    let invitation = store::find(op, scope, id)
        .await?
        .ok_or(EndError::NotThere)?;
    if !store::mark_revoked(op, scope, id).await? {
        return Err(EndError::NotGood);
    }
    let flows = onboarding::supersede(op, invitation.tenant_id, id).await?;
    audit::Entry::new("invitation.revoked")
        .tenant(invitation.tenant_id)
        .object("invitation", id)
        .detail("reference", invitation.reference)
        .write(op)
        .await?;
    Ok(flows)
}

/// What one run of the sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub invitations: usize,
    /// Flows that ended with them, whose secrets the keeper should forget after the commit.
    pub flows: Vec<(TenantId, FlowId)>,
}

/// Mark what ran out of time; a worker's operation, idempotent, a bounded batch.
pub async fn expire(op: &mut Op) -> Result<Swept, sqlx::Error> {
    let ended = store::mark_expired(op, BATCH).await?;
    let mut flows = Vec::new();
    for (tenant, id) in &ended {
        let superseded = onboarding::supersede(op, *tenant, *id).await?;
        flows.extend(superseded.into_iter().map(|flow| (*tenant, flow)));
        audit::Entry::new("invitation.expired")
            .tenant(*tenant)
            .object("invitation", id)
            .write(op)
            .await?;
    }
    Ok(Swept {
        invitations: ended.len(),
        flows,
    })
}
