//! The `validations` table: one row per run, its checks as a list.

use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::connection::validate::Validation;
use crate::domain::op::{Op, Scope};
use crate::keeper::message::Check;
use crate::storage::{TenantId, ValidationId};

struct ValidationRow {
    id: Uuid,
    connection_id: Uuid,
    at: OffsetDateTime,
    technician: Option<String>,
    passed: bool,
    checks: Json<Vec<Check>>,
}

impl From<ValidationRow> for Validation {
    fn from(row: ValidationRow) -> Self {
        Self {
            id: row.id.into(),
            connection_id: row.connection_id.into(),
            at: row.at,
            technician: row.technician.unwrap_or_default(),
            passed: row.passed,
            checks: row.checks.0,
        }
    }
}

pub async fn insert_validation(
    op: &mut Op,
    tenant: TenantId,
    validation: &Validation,
    technician: Option<Uuid>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into validations (tenant_id, id, connection_id, technician_id, at, passed, checks)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tenant.as_uuid(),
        validation.id.as_uuid(),
        validation.connection_id.as_uuid(),
        technician,
        validation.at,
        validation.passed,
        Json(&validation.checks) as _,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// The newest run, whichever connection it looked at.
pub async fn last_validation(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<Validation>, sqlx::Error> {
    let row = sqlx::query_as!(
        ValidationRow,
        r#"select v.id, v.connection_id, v.at, t.display_name as "technician?", v.passed, v.checks as "checks: Json<Vec<Check>>"
           from validations v left join technicians t on t.id = v.technician_id
           where v.tenant_id = $1 and ($2::uuid is null or v.tenant_id = $2)
             and ($3::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $3 and g.tenant_id = v.tenant_id))
           order by v.at desc, v.id desc limit 1"#,
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(Into::into))
}

pub async fn validation(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    id: ValidationId,
) -> Result<Option<Validation>, sqlx::Error> {
    let row = sqlx::query_as!(
        ValidationRow,
        r#"select v.id, v.connection_id, v.at, t.display_name as "technician?", v.passed, v.checks as "checks: Json<Vec<Check>>"
           from validations v left join technicians t on t.id = v.technician_id
           where v.tenant_id = $1 and ($2::uuid is null or v.tenant_id = $2)
             and ($4::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $4 and g.tenant_id = v.tenant_id))
             and v.id = $3"#,
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        id.as_uuid(),
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(Into::into))
}
