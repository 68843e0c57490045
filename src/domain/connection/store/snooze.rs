//! SQL of snoozes.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::op::{Op, Scope};
use crate::storage::{TechnicianId, TenantId};

/// Snooze these tenants; gives those that were: archived, absent and those out of scope are left out.
pub async fn upsert_snooze(
    op: &mut Op,
    scope: Scope,
    tenants: &[TenantId],
    until: OffsetDateTime,
    reason: &str,
) -> Result<Vec<TenantId>, sqlx::Error> {
    let ids: Vec<Uuid> = tenants.iter().map(|id| id.as_uuid()).collect();
    let now = op.now();
    let technician = op.actor().technician().map(TechnicianId::as_uuid);
    sqlx::query_scalar!(
        r#"insert into tenant_snoozes (tenant_id, until, reason, technician_id, created_at)
           select id, $3, $4, $5, $6 from tenants
           where id = any($1) and ($2::uuid is null or id = $2)
             and ($7::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $7 and g.tenant_id = tenants.id))
             and state <> 'archived' order by id
           on conflict (tenant_id) do update set until = excluded.until, reason = excluded.reason,
             technician_id = excluded.technician_id, created_at = excluded.created_at
           returning tenant_id as "id: TenantId""#,
        &ids,
        scope.tenant().map(TenantId::as_uuid),
        until,
        reason,
        technician,
        now,
        scope.technician(),
    )
    .fetch_all(op.db())
    .await
}

/// End the snoozes of these tenants; gives those that had one.
pub async fn delete_snooze(
    op: &mut Op,
    scope: Scope,
    tenants: &[TenantId],
) -> Result<Vec<TenantId>, sqlx::Error> {
    let ids: Vec<Uuid> = tenants.iter().map(|id| id.as_uuid()).collect();
    sqlx::query_scalar!(
        r#"delete from tenant_snoozes where tenant_id = any($1) and ($2::uuid is null or tenant_id = $2)
          and ($3::uuid is null or exists (select from technician_tenants g
            where g.technician_id = $3 and g.tenant_id = tenant_snoozes.tenant_id))
           returning tenant_id as "id: TenantId""#,
        &ids,
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_all(op.db())
    .await
}
