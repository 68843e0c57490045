//! Who has a flow in hand, and when it is looked at next. Leases run by the database's clock, looks by App's.

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::storage::{FlowId, TenantId};

/// How long a keeper has a flow in hand, seconds.
const LEASE_S: f64 = 60.0;

/// Claim flows whose next look is due; other keepers leave them alone for a minute.
pub async fn claim_due(
    db: impl PgExecutor<'_>,
    lease_id: Uuid,
    now: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<(TenantId, FlowId)>> {
    let rows = sqlx::query!(
        r#"update onboarding_flows f
           set lease_id = $1, lease_until = now() + make_interval(secs => $4)
           from (select tenant_id, id from onboarding_flows
                 where next_poll_at <= $2 and (lease_until is null or lease_until < now())
                 order by next_poll_at limit $3 for update skip locked) due
           where f.tenant_id = due.tenant_id and f.id = due.id
           returning f.tenant_id as "tenant_id: TenantId", f.id as "id: FlowId""#,
        lease_id,
        now,
        limit,
        LEASE_S
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.tenant_id, row.id))
        .collect())
}

/// Claim one flow; false when another keeper or task has it in hand.
pub async fn claim_one(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: FlowId,
    lease_id: Uuid,
) -> sqlx::Result<bool> {
    let claimed = sqlx::query!(
        "update onboarding_flows set lease_id = $3, lease_until = now() + make_interval(secs => $4)
         where tenant_id = $1 and id = $2 and (lease_until is null or lease_until < now())",
        tenant_id.as_uuid(),
        id.as_uuid(),
        lease_id,
        LEASE_S
    )
    .execute(db)
    .await?;
    Ok(claimed.rows_affected() == 1)
}

/// Hold a claim on.
pub async fn renew(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: FlowId,
    lease_id: Uuid,
) -> sqlx::Result<bool> {
    let renewed = sqlx::query!(
        "update onboarding_flows set lease_until = now() + make_interval(secs => $4)
         where tenant_id = $1 and id = $2 and lease_id = $3",
        tenant_id.as_uuid(),
        id.as_uuid(),
        lease_id,
        LEASE_S
    )
    .execute(db)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Give a claim back and say when the flow is looked at next, if at all. What somebody else made of it meanwhile stays.
pub async fn set_next(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: FlowId,
    lease_id: Uuid,
    next: Option<OffsetDateTime>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update onboarding_flows set lease_id = null, lease_until = null, next_poll_at = $4
         where tenant_id = $1 and id = $2 and lease_id = $3",
        tenant_id.as_uuid(),
        id.as_uuid(),
        lease_id,
        next
    )
    .execute(db)
    .await?;
    Ok(())
}
