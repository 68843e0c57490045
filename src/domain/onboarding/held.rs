//! What waits for a technician's word: somebody signed in whom the invitation did not name. Confirming and refusing are
//! the keeper's to do, since tokens are kept or forgotten by it.

use time::OffsetDateTime;
use uuid::Uuid;

use super::store;
use crate::domain::op::{Op, Scope};
use crate::storage::{ConnectionId, TenantId};

/// A pending connection with what a technician needs to know before confirming it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub connection_id: ConnectionId,
    pub username: String,
    pub name: String,
    pub entra_tenant_id: Uuid,
    /// Whom the invitation named; empty when nobody.
    pub expected_admin: String,
    /// The reference of the invitation it came by; empty when unknown.
    pub reference: String,
    /// Address of the browser that held the invitation.
    pub ip: String,
    pub at: OffsetDateTime,
}

/// The connections of a tenant that await confirmation, newest first.
pub async fn held(op: &mut Op, scope: Scope, tenant: TenantId) -> Result<Vec<Held>, sqlx::Error> {
    store::held(op, scope, tenant).await
}

/// Does this connection of the tenant await confirmation?
pub async fn is_held(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    connection: ConnectionId,
) -> Result<bool, sqlx::Error> {
    let held = store::held(op, scope, tenant).await?;
    Ok(held.iter().any(|one| one.connection_id == connection))
}
