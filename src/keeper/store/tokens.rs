//! `tokens` and `tenant_resources`: an access token per resource of the set, with its own success and error.

use std::collections::HashMap;

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use super::records::Noted;
use crate::keeper::resource::{Resource, UnknownResource};
use crate::keeper::seal::Place;
use crate::storage::{ConnectionId, TenantId};

/// A resource of the set as it stands with one connection.
#[derive(Clone, Debug)]
pub struct TokenRow {
    pub resource: Resource,
    pub required: bool,
    /// `waiting`, `valid` or `failed`.
    pub state: String,
    pub scopes: Vec<String>,
    pub acquired_at: Option<OffsetDateTime>,
    pub expires_at: Option<OffsetDateTime>,
    pub last_ok_at: Option<OffsetDateTime>,
    pub last_used_at: Option<OffsetDateTime>,
}

struct Row {
    connection_id: ConnectionId,
    resource: String,
    required: bool,
    state: String,
    scopes: Vec<String>,
    acquired_at: Option<OffsetDateTime>,
    expires_at: Option<OffsetDateTime>,
    last_ok_at: Option<OffsetDateTime>,
    last_used_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for TokenRow {
    type Error = UnknownResource;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        Ok(Self {
            resource: row.resource.parse()?,
            required: row.required,
            state: row.state,
            scopes: row.scopes,
            acquired_at: row.acquired_at,
            expires_at: row.expires_at,
            last_ok_at: row.last_ok_at,
            last_used_at: row.last_used_at,
        })
    }
}

impl TokenRow {
    pub fn is_valid(&self) -> bool {
        self.state == "valid"
    }

    pub fn has_failed(&self) -> bool {
        self.state == "failed"
    }
}

/// An acquired access token on its way into the table.
pub struct NewToken {
    pub ct: Vec<u8>,
    pub scopes: Vec<String>,
    /// The instant of sending; the sealed token is bound to it.
    pub acquired_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// The row within its tenant, as text.
pub fn row_id(connection_id: ConnectionId, resource: Resource) -> String {
    format!("{connection_id}/{}", resource.as_str())
}

/// What an access token is bound to.
pub fn place(tenant_id: TenantId, row_id: &str, acquired_at: OffsetDateTime) -> Place<'_> {
    Place {
        table: "tokens",
        column: "ct",
        tenant_id: tenant_id.as_uuid(),
        row_id,
        row_version: i64::try_from(acquired_at.unix_timestamp_nanos() / 1000).unwrap_or(0),
    }
}

/// The tenant's resource set (Graph alone, required, when none was chosen) with what the connection has of it.
pub async fn list(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
) -> sqlx::Result<Vec<TokenRow>> {
    let pairs = (&[tenant_id.as_uuid()][..], &[connection_id.as_uuid()][..]);
    let mut found = list_many(db, pairs.0, pairs.1).await?;
    Ok(found.remove(&connection_id).unwrap_or_default())
}

/// The same for many connections; `tenants` and `ids` are pairs. Each list is in the order of the set.
pub async fn list_many(
    db: impl PgExecutor<'_>,
    tenants: &[Uuid],
    ids: &[Uuid],
) -> sqlx::Result<HashMap<ConnectionId, Vec<TokenRow>>> {
    let rows = sqlx::query_as!(
        Row,
        r#"with asked as (select * from unnest($1::uuid[], $2::uuid[]) as a (tenant_id, connection_id)),
             wanted as (
               select a.tenant_id, a.connection_id, r.resource, r.required
               from asked a join tenant_resources r on r.tenant_id = a.tenant_id
               union all
               select a.tenant_id, a.connection_id, 'graph', true from asked a
               where not exists (select from tenant_resources r where r.tenant_id = a.tenant_id)
             )
           select w.connection_id as "connection_id!: ConnectionId", w.resource as "resource!", w.required as "required!",
             coalesce(t.state, 'waiting') as "state!", coalesce(t.scopes, '{}') as "scopes!",
             t.acquired_at as "acquired_at?", t.expires_at as "expires_at?", t.last_ok_at as "last_ok_at?",
             t.last_used_at as "last_used_at?"
           from wanted w
           left join tokens t on t.tenant_id = w.tenant_id and t.connection_id = w.connection_id and t.resource = w.resource"#,
        tenants,
        ids
    )
    .fetch_all(db)
    .await?;
    let mut found: HashMap<ConnectionId, Vec<TokenRow>> = HashMap::new();
    for row in rows {
        let id = row.connection_id;
        let token = TokenRow::try_from(row).map_err(|error| sqlx::Error::Decode(error.into()))?;
        found.entry(id).or_default().push(token);
    }
    for tokens in found.values_mut() {
        tokens.sort_by_key(|token| token.resource);
    }
    Ok(found)
}

/// A sealed access token that counts.
pub struct ValidToken {
    pub ct: Vec<u8>,
    /// The instant that it is bound to.
    pub acquired_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// The access token of a resource, unless it has failed or the connection was ended meanwhile.
pub async fn valid(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    resource: Resource,
) -> sqlx::Result<Option<ValidToken>> {
    sqlx::query_as!(
        ValidToken,
        r#"select ct as "ct!", acquired_at as "acquired_at!", expires_at as "expires_at!" from tokens
           where tenant_id = $1 and connection_id = $2 and resource = $3 and state = 'valid' and ct is not null
             and not exists (select from connections c
                             where c.tenant_id = $1 and c.id = $2 and c.state = 'revoked')"#,
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        resource.as_str()
    )
    .fetch_optional(db)
    .await
}

/// An access token that has not ended, whatever became of the grant behind it, with what it may do.
pub struct HeldToken {
    pub ct: Vec<u8>,
    pub acquired_at: OffsetDateTime,
    pub scopes: Vec<String>,
}

/// See [`HeldToken`].
pub async fn held(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    resource: Resource,
    now: OffsetDateTime,
) -> sqlx::Result<Option<HeldToken>> {
    sqlx::query_as!(
        HeldToken,
        r#"select ct as "ct!", acquired_at as "acquired_at!", scopes from tokens
           where tenant_id = $1 and connection_id = $2 and resource = $3 and ct is not null and expires_at > $4"#,
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        resource.as_str(),
        now
    )
    .fetch_optional(db)
    .await
}

/// A row for a resource that has yet to be acquired.
pub async fn insert_waiting(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    resource: Resource,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tokens (tenant_id, connection_id, resource, state) values ($1, $2, $3, 'waiting')
         on conflict do nothing",
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        resource.as_str()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Acquired without the permissions that we need: it does not count.
pub async fn mark_short(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    resource: Resource,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update tokens set state = 'failed', ct = null, cause = 'consent_missing'
         where tenant_id = $1 and connection_id = $2 and resource = $3",
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        resource.as_str()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The last acquisition failed. With `failed` the token does not count any more; else only the error is noted.
pub async fn note_error(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    resource: Resource,
    error: &Noted,
    failed: bool,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tokens (tenant_id, connection_id, resource, state, last_error_at, last_error_id, last_error_code, cause)
         values ($1, $2, $3, case when $8 then 'failed' else 'waiting' end, $4, $5, $6, $7)
         on conflict (tenant_id, connection_id, resource) do update
         set state = case when $8 then 'failed' else tokens.state end, last_error_at = $4, last_error_id = $5, last_error_code = $6, cause = $7",
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        resource.as_str(),
        error.at,
        error.id,
        error.code,
        error.category,
        failed
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The grant is gone: no resource of the connection works any more, for the same cause. The access tokens held stay sealed
/// until they are erased with the grant: nobody is given them, but for an hour they may still tell why it died.
pub async fn mark_all_failed(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    cause: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update tokens set state = 'failed', cause = coalesce($3, cause)
         where tenant_id = $1 and connection_id = $2",
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        cause
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forget a connection's access tokens.
pub async fn erase(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update tokens set state = 'failed', ct = null where tenant_id = $1 and connection_id = $2",
        tenant_id.as_uuid(),
        connection_id.as_uuid()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// An access token was used now.
pub async fn touch(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    resource: Resource,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update tokens set last_used_at = $4 where tenant_id = $1 and connection_id = $2 and resource = $3",
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        resource.as_str(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
