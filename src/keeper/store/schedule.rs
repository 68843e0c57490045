//! `refresh_schedule`: which connection is due, and which keeper has it in hand. Leases run by the database's clock, due
//! times by App's.

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::storage::{ConnectionId, TenantId};

/// How long a claim holds, seconds.
pub const LEASE_S: f64 = 120.0;

/// A connection in this keeper's hands.
#[derive(Debug)]
pub struct Claim {
    pub tenant_id: TenantId,
    pub connection_id: ConnectionId,
    pub lease_id: Uuid,
    pub attempt: i32,
    pub next_refresh_at: OffsetDateTime,
}

/// Claim up to `limit` connections that are due, oldest first, leaving those that others have in hand.
pub async fn claim_due(
    db: impl PgExecutor<'_>,
    lease_id: Uuid,
    now: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<Claim>> {
    sqlx::query_file_as!(
        Claim,
        "src/keeper/store/claim_due.sql",
        lease_id,
        now,
        limit,
        LEASE_S
    )
    .fetch_all(db)
    .await
}

/// Postgres' own account of claiming `limit` connections that are due now; the claim is made, so roll it back.
#[cfg(feature = "faults")]
pub async fn explain_claim(
    tx: &mut sqlx::PgConnection,
    limit: i64,
) -> sqlx::Result<serde_json::Value> {
    let text = concat!(
        "explain (analyze, buffers, format json) ",
        include_str!("claim_due.sql")
    );
    sqlx::query_scalar(text)
        .bind(Uuid::nil())
        .bind(crate::clock::Clock::system().now())
        .bind(limit)
        .bind(LEASE_S)
        .fetch_one(tx)
        .await
}

/// Claim one connection whether it is due or not; `None` when another claim holds or there is no such connection.
pub async fn claim_one(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    lease_id: Uuid,
) -> sqlx::Result<Option<Claim>> {
    sqlx::query_as!(
        Claim,
        r#"update refresh_schedule
           set lease_id = $3, lease_until = now() + make_interval(secs => $4), attempt = least(attempt, 1000000) + 1
           where tenant_id = $1 and connection_id = $2 and (lease_until is null or lease_until < now())
           returning tenant_id as "tenant_id: TenantId", connection_id as "connection_id: ConnectionId",
             lease_id as "lease_id!", attempt, next_refresh_at"#,
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        lease_id,
        LEASE_S
    )
    .fetch_optional(db)
    .await
}

/// Hold the claim for another lease; false when it is somebody else's by now.
pub async fn renew(db: impl PgExecutor<'_>, claim: &Claim) -> sqlx::Result<bool> {
    let renewed = sqlx::query!(
        "update refresh_schedule set lease_until = now() + make_interval(secs => $4)
         where tenant_id = $1 and connection_id = $2 and lease_id = $3",
        claim.tenant_id.as_uuid(),
        claim.connection_id.as_uuid(),
        claim.lease_id,
        LEASE_S
    )
    .execute(db)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Give the claim back; with `next`, it is due then. Does nothing when the claim is somebody else's by now.
pub async fn release(
    db: impl PgExecutor<'_>,
    claim: &Claim,
    next: Option<OffsetDateTime>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update refresh_schedule
         set lease_id = null, lease_until = null, next_refresh_at = coalesce($4, next_refresh_at)
         where tenant_id = $1 and connection_id = $2 and lease_id = $3",
        claim.tenant_id.as_uuid(),
        claim.connection_id.as_uuid(),
        claim.lease_id,
        next
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What a failure means for the schedule. The lease is prolonged if it is ours.
pub async fn note_failure(
    db: impl PgExecutor<'_>,
    claim: &Claim,
    next: OffsetDateTime,
    error_class: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update refresh_schedule
         set next_refresh_at = $3, last_error_class = $4,
           lease_until = case when lease_id = $5 then now() + make_interval(secs => $6) else lease_until end
         where tenant_id = $1 and connection_id = $2",
        claim.tenant_id.as_uuid(),
        claim.connection_id.as_uuid(),
        next,
        error_class,
        claim.lease_id,
        LEASE_S
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A schedule for a new connection.
pub async fn insert(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    next: OffsetDateTime,
    ok_at: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into refresh_schedule (tenant_id, connection_id, next_refresh_at, last_ok_at) values ($1, $2, $3, $4)",
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        next,
        ok_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Due at another time.
pub async fn set_due(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    next: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update refresh_schedule set next_refresh_at = $3 where tenant_id = $1 and connection_id = $2",
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        next
    )
    .execute(db)
    .await?;
    Ok(())
}

/// No schedule any more: the connection is history.
pub async fn delete(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from refresh_schedule where tenant_id = $1 and connection_id = $2",
        tenant_id.as_uuid(),
        connection_id.as_uuid()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What is due and yet not served must not stand first in the due index for ever: a suspended tenant's connection waits
/// until `later`, one that needs a person until `never`.
pub async fn put_off_unserved(
    db: impl PgExecutor<'_>,
    now: OffsetDateTime,
    later: OffsetDateTime,
    never: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update refresh_schedule s
         set next_refresh_at = case when c.state in ('active', 'suspect') then $2::timestamptz else $3 end
         from tenants t, connections c
         where s.next_refresh_at <= $1 and (s.lease_until is null or s.lease_until < now())
           and t.id = s.tenant_id and c.tenant_id = s.tenant_id and c.id = s.connection_id
           and (t.state <> 'active' or c.state not in ('active', 'suspect'))",
        now,
        later,
        never
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Is the connection in somebody's hands? `None` when there is no such connection.
pub async fn is_leased(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
) -> sqlx::Result<Option<bool>> {
    sqlx::query_scalar!(
        r#"select coalesce(lease_until >= now(), false) as "leased!" from refresh_schedule
           where tenant_id = $1 and connection_id = $2"#,
        tenant_id.as_uuid(),
        connection_id.as_uuid()
    )
    .fetch_optional(db)
    .await
}
