//! A technician's word on a held grant: it becomes the tenant's standing, or is forgotten.

use super::end::{Taken, make_current, outcome};
use super::fail::revoke;
use crate::keeper::core::Core;
use crate::keeper::message::{Actor, Refusal};
use crate::keeper::refresh::State;
use crate::keeper::store::connections::{self, Connection};
use crate::keeper::store::tokens;
use crate::keeper::trouble::Trouble;
use crate::storage::{ConnectionId, TenantId};

/// It was the right person.
pub async fn confirm(
    core: &Core,
    tenant_id: TenantId,
    id: ConnectionId,
    actor: &Actor,
) -> Result<(), Trouble> {
    let connection = held(core, tenant_id, id).await?;
    if connection.tenant_state != "active" {
        return Err(Refusal::Suspended.into());
    }
    let tokens = tokens::list(&core.pool, tenant_id, id).await?;
    let whole = tokens
        .iter()
        .all(|token| token.is_valid() || !token.required);
    let (state, cause) = if whole {
        (State::Active, None)
    } else {
        (State::NeedsConsent, Some("consent_missing"))
    };
    let mut tx = core.pool.begin().await?;
    let made = make_current(&mut tx, core, &connection, state, cause, actor).await;
    match outcome(made)? {
        Ok(true) => tx.commit().await.map_err(Trouble::from),
        Ok(false) | Err(Taken) => Err(Refusal::NotThere.into()),
    }
}

/// It was not: nothing of it stays.
pub async fn reject(
    core: &Core,
    tenant_id: TenantId,
    id: ConnectionId,
    actor: &Actor,
) -> Result<(), Trouble> {
    held(core, tenant_id, id).await?;
    let mut tx = core.pool.begin().await?;
    if !revoke(&mut tx, core, tenant_id, id, actor, "rejected").await? {
        return Err(Refusal::NotThere.into());
    }
    tx.commit().await?;
    Ok(())
}

async fn held(core: &Core, tenant_id: TenantId, id: ConnectionId) -> Result<Connection, Trouble> {
    let connection = connections::load(&core.pool, tenant_id, id).await?;
    connection
        .filter(|connection| {
            connection.state == State::Pending
                && connection.pending_reason.as_deref() == Some("awaiting_confirmation")
        })
        .ok_or_else(|| Refusal::NotThere.into())
}
