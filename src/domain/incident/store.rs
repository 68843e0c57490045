//! `incidents` as the portal reads them.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Incident, Kind};
use crate::domain::op::{Op, Scope};
use crate::storage::{Inconsistent, TenantId};

struct Row {
    id: Uuid,
    kind: String,
    code: Option<i32>,
    opened_at: OffsetDateTime,
    tenants: i64,
}

impl TryFrom<Row> for Incident {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        Ok(Self {
            kind: Kind::from_word(&row.kind).ok_or(Inconsistent::new(
                "incidents",
                "kind",
                row.id,
            ))?,
            code: row.code,
            opened_at: row.opened_at,
            tenants: row.tenants,
        })
    }
}

pub async fn open(op: &mut Op, scope: Scope) -> sqlx::Result<Vec<Incident>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id, kind, code, opened_at,
             (select count(*) from incident_tenants t
               where t.incident_id = i.id and ($1::uuid is null or t.tenant_id = $1)) as "tenants!"
           from incidents i
           where closed_at is null and ($1::uuid is null or exists (
             select from incident_tenants t where t.incident_id = i.id and t.tenant_id = $1))
           order by opened_at, id"#,
        scope.tenant().map(TenantId::as_uuid)
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| Incident::try_from(row).map_err(Into::into))
        .collect()
}
