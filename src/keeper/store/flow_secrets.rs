//! `flow_secrets`: device codes, PKCE verifiers and nonces, sealed, for as long as a sign-in is under way.

use sqlx::PgExecutor;

use crate::keeper::seal::Place;
use crate::storage::{FlowId, TenantId};

/// What only the keeper may know of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    DeviceCode,
    PkceVerifier,
    Nonce,
}

impl SecretKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::DeviceCode => "device_code",
            Self::PkceVerifier => "pkce_verifier",
            Self::Nonce => "nonce",
        }
    }
}

/// The row within its tenant, as text.
pub fn row_id(id: FlowId, kind: SecretKind) -> String {
    format!("{id}/{}", kind.as_str())
}

/// What a flow's secret is bound to.
pub fn place(tenant_id: TenantId, row_id: &str) -> Place<'_> {
    Place {
        table: "flow_secrets",
        column: "ct",
        tenant_id: tenant_id.as_uuid(),
        row_id,
        row_version: 0,
    }
}

pub async fn put(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: FlowId,
    kind: SecretKind,
    ct: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into flow_secrets (tenant_id, flow_id, kind, ct) values ($1, $2, $3, $4)
         on conflict (tenant_id, flow_id, kind) do update set ct = excluded.ct",
        tenant_id.as_uuid(),
        id.as_uuid(),
        kind.as_str(),
        ct
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn find(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: FlowId,
    kind: SecretKind,
) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        "select ct from flow_secrets where tenant_id = $1 and flow_id = $2 and kind = $3",
        tenant_id.as_uuid(),
        id.as_uuid(),
        kind.as_str()
    )
    .fetch_optional(db)
    .await
}

/// Forget a flow's secrets.
pub async fn erase(db: impl PgExecutor<'_>, tenant_id: TenantId, id: FlowId) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from flow_secrets where tenant_id = $1 and flow_id = $2",
        tenant_id.as_uuid(),
        id.as_uuid()
    )
    .execute(db)
    .await?;
    Ok(())
}
