//! SQL of visits.

use time::{Duration, OffsetDateTime};

use super::{End, Told};
use crate::domain::op::{Op, Scope};
use crate::storage::{TechnicianId, TenantId, VisitId};

/// `seen_at` is moved at most this often, so that reading pages does not mean writing rows.
const RENEWAL: Duration = Duration::minutes(1);

pub(super) async fn insert(
    op: &mut Op,
    tenant: TenantId,
    id: VisitId,
    until: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let (now, technician) = (op.now(), op.actor().technician());
    sqlx::query!(
        "insert into visits (tenant_id, id, technician_id, began_at, until, seen_at) values ($1, $2, $3, $4, $5, $4)",
        tenant.as_uuid(),
        id.as_uuid(),
        technician.map(TechnicianId::as_uuid),
        now,
        until,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn seen(op: &mut Op, tenant: TenantId, id: VisitId) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update visits set seen_at = $3 where tenant_id = $1 and id = $2 and seen_at <= $4",
        tenant.as_uuid(),
        id.as_uuid(),
        now,
        now - RENEWAL,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// One that has ended stays as it is; one whose time ran out ended then.
pub(super) async fn end(op: &mut Op, tenant: TenantId, id: VisitId) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update visits set ended_at = $3 where tenant_id = $1 and id = $2 and ended_at is null and until > $3",
        tenant.as_uuid(),
        id.as_uuid(),
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn newest(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    most: i64,
) -> Result<Vec<Told>, sqlx::Error> {
    let now = op.now();
    let rows = sqlx::query!(
        "select t.display_name, v.began_at, v.until, v.seen_at, v.ended_at
         from visits v join technicians t on t.id = v.technician_id
         where v.tenant_id = $1 and ($2::uuid is null or v.tenant_id = $2)
           and ($4::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $4 and g.tenant_id = v.tenant_id))
         order by v.began_at desc, v.id desc limit $3",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        most,
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Told {
            who: row.display_name,
            began_at: row.began_at,
            stayed: row.ended_at.unwrap_or(row.seen_at) - row.began_at,
            end: match row.ended_at {
                Some(_) => End::Left,
                None if row.until > now => End::Open,
                None => End::Over,
            },
        })
        .collect())
}
