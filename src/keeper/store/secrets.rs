//! `connection_secrets`: sealed refresh tokens. A row is replaced only by comparing its version.

use sqlx::PgExecutor;
use time::OffsetDateTime;

use crate::keeper::seal::Place;
use crate::storage::{ConnectionId, TenantId};

/// A row.
pub struct Sealed {
    pub version: i64,
    pub ct_current: Vec<u8>,
    pub ct_previous: Option<Vec<u8>>,
    pub previous_version: Option<i64>,
    pub fingerprint: Vec<u8>,
    pub obtained_at: OffsetDateTime,
}

/// A sealed refresh token on its way into the table.
pub struct NewSecret {
    pub version: i64,
    pub ct: Vec<u8>,
    pub fingerprint: Vec<u8>,
    pub obtained_at: OffsetDateTime,
}

/// What a refresh token of `version` is bound to. Both columns use the one place: the token is moved from current to
/// previous without being opened, and its version tells them apart.
pub fn place(tenant_id: TenantId, connection_id: &str, version: i64) -> Place<'_> {
    Place {
        table: "connection_secrets",
        column: "ct",
        tenant_id: tenant_id.as_uuid(),
        row_id: connection_id,
        row_version: version,
    }
}

pub async fn load(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
) -> sqlx::Result<Option<Sealed>> {
    sqlx::query_as!(
        Sealed,
        "select version, ct_current, ct_previous, previous_version, fingerprint, obtained_at
         from connection_secrets where tenant_id = $1 and connection_id = $2",
        tenant_id.as_uuid(),
        connection_id.as_uuid()
    )
    .fetch_optional(db)
    .await
}

pub async fn insert(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    secret: &NewSecret,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into connection_secrets (tenant_id, connection_id, version, ct_current, fingerprint, obtained_at)
         values ($1, $2, $3, $4, $5, $6)",
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        secret.version,
        secret.ct,
        secret.fingerprint,
        secret.obtained_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Store the next refresh token if the row is still at `version`; the token before is kept until the new one has worked.
/// With `keep_previous` the current token is known not to work and the one before, which did, stays instead.
pub async fn swap(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    version: i64,
    secret: &NewSecret,
    keep_previous: bool,
) -> sqlx::Result<bool> {
    let swapped = sqlx::query!(
        "update connection_secrets
         set ct_previous = case when $7 then ct_previous else ct_current end,
           previous_version = case when $7 then previous_version else version end,
           ct_current = $4, version = version + 1, fingerprint = $5, obtained_at = $6
         where tenant_id = $1 and connection_id = $2 and version = $3",
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        version,
        secret.ct,
        secret.fingerprint,
        secret.obtained_at,
        keep_previous
    )
    .execute(db)
    .await?;
    Ok(swapped.rows_affected() == 1)
}

/// The current token has worked, so the one before is not needed any more.
pub async fn prove(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    version: i64,
) -> sqlx::Result<bool> {
    let proven = sqlx::query!(
        "update connection_secrets set ct_previous = null, previous_version = null
         where tenant_id = $1 and connection_id = $2 and version = $3",
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        version
    )
    .execute(db)
    .await?;
    Ok(proven.rows_affected() == 1)
}

/// Forget a connection's refresh tokens.
pub async fn erase(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from connection_secrets where tenant_id = $1 and connection_id = $2",
        tenant_id.as_uuid(),
        connection_id.as_uuid()
    )
    .execute(db)
    .await?;
    Ok(())
}
