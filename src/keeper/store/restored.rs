//! SQL of a restore, the keeper's share of it. Nothing else works on the database meanwhile.

use serde_json::{Map, Value};
use sqlx::{PgConnection, PgExecutor};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::storage::{ConnectionId, TenantId};

/// A fleet takes longer than a refresh.
pub async fn take_time(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        r#"select set_config('statement_timeout', '10min', true) as "set!", set_config('lock_timeout', '20s', true) as "also!",
             set_config('idle_in_transaction_session_timeout', '30min', true) as "idle!""#
    )
    .fetch_one(tx)
    .await?;
    Ok(())
}

/// The step is done.
pub async fn note(
    tx: &mut PgConnection,
    restore: Uuid,
    step: &str,
    found: &Map<String, Value>,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into restore_steps (restore_id, step, done_at, found) values ($1, $2, $3, $4)",
        restore,
        step,
        now,
        Value::Object(found.clone())
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What was ended and forgotten.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ended {
    pub connections: u64,
    pub refresh_tokens: u64,
    pub access_tokens: u64,
}

/// End what was ended since the backup. A disconnection that is begun anew still needs the last tokens, to take our
/// permission back at Microsoft; it forgets them itself.
pub async fn end_connections(
    tx: &mut PgConnection,
    restore: Uuid,
    now: OffsetDateTime,
) -> sqlx::Result<Ended> {
    let connections = sqlx::query!(
        "update connections c set state = 'revoked', state_since = $2, pending_reason = null
         from revocations r
         where r.restore_id = $1 and r.kind = 'connection' and c.tenant_id = (r.what ->> 'tenant_id')::uuid
           and c.id = (r.what ->> 'id')::uuid and c.state <> 'revoked'",
        restore,
        now
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "delete from refresh_schedule s using connections c
         where c.tenant_id = s.tenant_id and c.id = s.connection_id and c.state = 'revoked'"
    )
    .execute(&mut *tx)
    .await?;
    let refresh_tokens = sqlx::query!(
        "delete from connection_secrets s using revocations r
         where r.restore_id = $1 and r.kind = 'connection' and s.tenant_id = (r.what ->> 'tenant_id')::uuid
           and s.connection_id = (r.what ->> 'id')::uuid
           and not exists (select from disconnections d
                           where d.tenant_id = s.tenant_id and d.connection_id = s.connection_id and d.step <> 'done')",
        restore
    )
    .execute(&mut *tx)
    .await?;
    let access_tokens = sqlx::query!(
        "update tokens t set state = 'failed', ct = null from revocations r
         where r.restore_id = $1 and r.kind = 'connection' and t.tenant_id = (r.what ->> 'tenant_id')::uuid
           and t.connection_id = (r.what ->> 'id')::uuid and t.ct is not null
           and not exists (select from disconnections d
                           where d.tenant_id = t.tenant_id and d.connection_id = t.connection_id and d.step <> 'done')",
        restore
    )
    .execute(tx)
    .await?;
    Ok(Ended {
        connections: connections.rows_affected(),
        refresh_tokens: refresh_tokens.rows_affected(),
        access_tokens: access_tokens.rows_affected(),
    })
}

/// Every sign-in was closed, so nothing of one is needed any more.
pub async fn forget_flow_secrets(tx: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!("delete from flow_secrets").execute(tx).await?;
    Ok(done.rows_affected())
}

pub async fn retire_credentials(
    tx: &mut PgConnection,
    restore: Uuid,
    now: OffsetDateTime,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "update app_credentials c set state = 'retired', state_since = $2, next_trial_at = null
         from (select distinct (what ->> 'id')::uuid as id from revocations
               where restore_id = $1 and kind = 'credential') r
         where c.id = r.id and c.state <> 'retired'",
        restore,
        now
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected())
}

/// What they sealed opens never again, as it was promised.
pub async fn destroy_data_keys(tx: &mut PgConnection, restore: Uuid) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "update data_keys k set state = 'destroyed', wrapped = ''
         from (select distinct (what ->> 'id')::uuid as id from revocations
               where restore_id = $1 and kind = 'data_key') r
         where k.id = r.id and k.state <> 'destroyed'",
        restore
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected())
}

/// A sealed refresh token of a connection that lives.
pub struct Secret {
    pub tenant_id: TenantId,
    pub connection_id: ConnectionId,
    pub version: i64,
    pub ct: Vec<u8>,
}

/// The next ones, by connection.
pub async fn secrets_after(
    db: impl PgExecutor<'_>,
    after: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<Secret>> {
    sqlx::query_as!(
        Secret,
        r#"select s.tenant_id as "tenant_id: TenantId", s.connection_id as "connection_id: ConnectionId", s.version,
             s.ct_current as ct
           from connection_secrets s
           join connections c on c.tenant_id = s.tenant_id and c.id = s.connection_id
           where c.state not in ('revoked', 'quarantined') and s.connection_id > $1
           order by s.connection_id limit $2"#,
        after,
        limit
    )
    .fetch_all(db)
    .await
}

/// A sealed access token of a connection that lives.
pub struct Token {
    pub tenant_id: TenantId,
    pub connection_id: ConnectionId,
    pub resource: String,
    /// As the seal knows the row.
    pub row_id: String,
    pub acquired_at: OffsetDateTime,
    pub ct: Vec<u8>,
}

/// The next ones, by row.
pub async fn tokens_after(
    db: impl PgExecutor<'_>,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<Token>> {
    sqlx::query_as!(
        Token,
        r#"select t.tenant_id as "tenant_id: TenantId", t.connection_id as "connection_id: ConnectionId", t.resource,
             t.connection_id::text || '/' || t.resource as "row_id!", t.acquired_at as "acquired_at!", t.ct as "ct!"
           from tokens t
           join connections c on c.tenant_id = t.tenant_id and c.id = t.connection_id
           where c.state not in ('revoked', 'quarantined') and t.ct is not null and t.acquired_at is not null
             and t.connection_id::text || '/' || t.resource > $1 collate "C"
           order by t.connection_id::text || '/' || t.resource collate "C" limit $2"#,
        after,
        limit
    )
    .fetch_all(db)
    .await
}

/// A sealed credential in use.
pub struct Credential {
    pub id: Uuid,
    /// Whose registration it is of; empty for the MSP's own.
    pub tenant_id: Option<Uuid>,
    pub ct: Vec<u8>,
}

pub async fn credentials(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Credential>> {
    sqlx::query_as!(
        Credential,
        "select c.id, r.tenant_id, c.ct from app_credentials c
         join app_registrations r on r.id = c.app_registration_id where c.state <> 'retired' order by c.id"
    )
    .fetch_all(db)
    .await
}

/// Its refresh token does not open: set aside until somebody has looked.
pub async fn quarantine(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: ConnectionId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    // A pending grant would have to be somebody's standing for that: it dies instead.
    sqlx::query!(
        "update connections
         set state = case when state = 'pending' then 'revoked' else 'quarantined' end, pending_reason = null, state_since = $3
         where tenant_id = $1 and id = $2",
        tenant_id.as_uuid(),
        id.as_uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The next renewal acquires it anew.
pub async fn fail_token(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: ConnectionId,
    resource: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update tokens set state = 'failed' where tenant_id = $1 and connection_id = $2 and resource = $3",
        tenant_id.as_uuid(),
        id.as_uuid(),
        resource
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Those of the time of the backup are gone.
pub async fn forget_keepers(db: impl PgExecutor<'_>) -> sqlx::Result<()> {
    sqlx::query!("delete from keepers").execute(db).await?;
    Ok(())
}

/// Connections whose renewal is due before `until`.
pub async fn count_due(db: impl PgExecutor<'_>, until: OffsetDateTime) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "due!" from refresh_schedule s
           join connections c on c.tenant_id = s.tenant_id and c.id = s.connection_id
           where s.next_refresh_at < $1 and c.state in ('active', 'suspect')"#,
        until
    )
    .fetch_one(db)
    .await
}

/// Begin the renewals due before `until` one after another, `gap` apart, the longest unrenewed first. No lease of the time of
/// the backup holds.
pub async fn spread(
    tx: &mut PgConnection,
    now: OffsetDateTime,
    until: OffsetDateTime,
    gap: Duration,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "update refresh_schedule set lease_id = null, lease_until = null where lease_id is not null"
    )
    .execute(&mut *tx)
    .await?;
    let done = sqlx::query!(
        "update refresh_schedule s set next_refresh_at = $1::timestamptz + make_interval(secs => $3) * d.turn, attempt = 0
         from (select s.tenant_id, s.connection_id,
                 row_number() over (order by s.last_ok_at nulls first, s.connection_id) - 1 as turn
               from refresh_schedule s
               join connections c on c.tenant_id = s.tenant_id and c.id = s.connection_id
               where s.next_refresh_at < $2 and c.state in ('active', 'suspect')) d
         where s.tenant_id = d.tenant_id and s.connection_id = d.connection_id",
        now,
        until,
        gap.as_seconds_f64()
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected())
}
