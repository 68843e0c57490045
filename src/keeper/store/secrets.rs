//! `connection_secrets`: sealed refresh tokens. A row is replaced only by comparing its version, which
//! [`super::successes`] does.

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

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

/// The version that the row is at, which stays so until the transaction ends; `None` when there is no row.
pub async fn version(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "select version from connection_secrets where tenant_id = $1 and connection_id = $2 for share",
        tenant_id.as_uuid(),
        connection_id.as_uuid()
    )
    .fetch_optional(db)
    .await
}

/// The same for many connections; `tenants` and `ids` are pairs.
pub async fn load_many(
    db: impl PgExecutor<'_>,
    tenants: &[Uuid],
    ids: &[Uuid],
) -> sqlx::Result<Vec<(ConnectionId, Sealed)>> {
    let rows = sqlx::query!(
        r#"select s.connection_id as "connection_id: ConnectionId", s.version, s.ct_current, s.ct_previous,
             s.previous_version, s.fingerprint, s.obtained_at
           from unnest($1::uuid[], $2::uuid[]) as w (tenant_id, connection_id)
           join connection_secrets s on s.tenant_id = w.tenant_id and s.connection_id = w.connection_id"#,
        tenants,
        ids
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let sealed = Sealed {
                version: row.version,
                ct_current: row.ct_current,
                ct_previous: row.ct_previous,
                previous_version: row.previous_version,
                fingerprint: row.fingerprint,
                obtained_at: row.obtained_at,
            };
            (row.connection_id, sealed)
        })
        .collect())
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
