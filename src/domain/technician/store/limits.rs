//! SQL of limits. What they mean (`technician_tenants`) is written by the database alone.

use uuid::Uuid;

use crate::domain::op::Op;
use crate::domain::technician::limit::{Choice, Limit, Named, Reach};
use crate::storage::{Inconsistent, TechnicianId, TenantId};

pub async fn find(op: &mut Op, id: TechnicianId) -> Result<Limit, sqlx::Error> {
    let row = sqlx::query!(
        "select kind, tags, tenants from technician_limits where technician_id = $1",
        id.as_uuid()
    )
    .fetch_optional(op.db())
    .await?;
    let Some(row) = row else {
        return Ok(Limit::All);
    };
    let choice = Choice {
        tags: row.tags,
        tenants: row.tenants.into_iter().map(Into::into).collect(),
    };
    match row.kind.as_str() {
        "only" => Ok(Limit::Only(choice)),
        "except" => Ok(Limit::Except(choice)),
        _ => Err(Inconsistent::new("technician_limits", "kind", id.as_uuid()).into()),
    }
}

pub async fn upsert(
    op: &mut Op,
    id: TechnicianId,
    kind: &str,
    choice: &Choice,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "insert into technician_limits (technician_id, kind, tags, tenants, updated_at) values ($1, $2, $3, $4, $5)
         on conflict (technician_id) do update
         set kind = excluded.kind, tags = excluded.tags, tenants = excluded.tenants, updated_at = excluded.updated_at",
        id.as_uuid(),
        kind,
        &choice.tags,
        &ids(&choice.tenants),
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// True when there was one.
pub async fn delete(op: &mut Op, id: TechnicianId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "delete from technician_limits where technician_id = $1",
        id.as_uuid()
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn reach(op: &mut Op, limit: &Limit) -> Result<Reach, sqlx::Error> {
    let choice = limit.choice().cloned().unwrap_or_default();
    sqlx::query_as!(
        Reach,
        r#"select count(*) as "all!",
             count(*) filter (where $1::text is null or limit_admits($1, $2, $3, t.id,
               array(select k.tag from tenant_tags k where k.tenant_id = t.id))) as "seen!"
           from tenants t where t.state <> 'archived'"#,
        limit.kind(),
        &choice.tags,
        &ids(&choice.tenants),
    )
    .fetch_one(op.db())
    .await
}

pub async fn named(op: &mut Op, tenants: &[TenantId]) -> Result<Vec<Named>, sqlx::Error> {
    sqlx::query_as!(
        Named,
        r#"select id as "id: TenantId", short_name, full_name from tenants where id = any($1) order by short_name"#,
        &ids(tenants),
    )
    .fetch_all(op.db())
    .await
}

fn ids(tenants: &[TenantId]) -> Vec<Uuid> {
    tenants.iter().map(|id| id.as_uuid()).collect()
}
