//! `alert_events`, and what is known of a tenant when one is looked at.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::op::Op;
use crate::storage::TenantId;

/// One happening.
#[derive(Clone, Debug)]
pub struct Happening {
    pub id: i64,
    pub tenant_id: Option<Uuid>,
    pub at: OffsetDateTime,
    pub kind: String,
    pub word: String,
    pub object_id: Option<Uuid>,
}

/// A tenant as it stands.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub id: TenantId,
    pub tags: Vec<String>,
    pub cause: Option<String>,
    pub connection_state: Option<String>,
    pub snoozed_until: Option<OffsetDateTime>,
    pub snoozed_reason: Option<String>,
}

/// One evaluator at a time, until the end of this transaction.
pub async fn take_turn(op: &mut Op) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select pg_try_advisory_xact_lock(hashtextextended('tenantry alerts', 0)) as "mine!""#
    )
    .fetch_one(op.db())
    .await
}

/// The oldest that wait.
pub async fn waiting(op: &mut Op, limit: i64) -> Result<Vec<Happening>, sqlx::Error> {
    sqlx::query_as!(
        Happening,
        "select id, tenant_id, at, kind, word, object_id from alert_events where handled_at is null order by id limit $1",
        limit
    )
    .fetch_all(op.db())
    .await
}

pub async fn done(op: &mut Op, ids: &[i64]) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update alert_events set handled_at = $2 where id = any($1)",
        ids,
        now
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Forget what was handled before, and messages and alerts that were over before.
pub async fn sweep(
    op: &mut Op,
    events: OffsetDateTime,
    records: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from alert_events where handled_at < $1", events)
        .execute(op.db())
        .await?;
    sqlx::query!(
        "delete from alert_deliveries where created_at < $1 and state <> 'pending'",
        records
    )
    .execute(op.db())
    .await?;
    // What is closed was opened before: said as well, since the index is by opening.
    sqlx::query!(
        "delete from alerts where closed_at < $1 and opened_at < $1",
        records
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub async fn tenant(op: &mut Op, id: Uuid) -> Result<Option<Tenant>, sqlx::Error> {
    let now = op.now();
    sqlx::query_as!(
        Tenant,
        r#"select k.tenant_id as "id: TenantId", k.tags, k.cause, k.connection_state, z.until as "snoozed_until?", z.reason as "snoozed_reason?"
           from tenant_status k
           left join tenant_snoozes z on z.tenant_id = k.tenant_id and z.until > $2
           where k.tenant_id = $1"#,
        id,
        now
    )
    .fetch_optional(op.db())
    .await
}

/// Whether an incident told of this trouble already.
pub async fn is_of_incident(
    op: &mut Op,
    tenant: TenantId,
    began: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select is_of_incident($1, $2) as "is!""#,
        tenant.as_uuid(),
        began
    )
    .fetch_one(op.db())
    .await
}
