//! `incidents` as the portal reads them.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Incident, Kind, Record, Touched};
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
               where t.incident_id = i.id and ($1::uuid is null or t.tenant_id = $1)
                 and ($2::uuid is null or exists (select from technician_tenants g
                   where g.technician_id = $2 and g.tenant_id = t.tenant_id))) as "tenants!"
           from incidents i
           where closed_at is null and ($1::uuid is null and $2::uuid is null or exists (
             select from incident_tenants t where t.incident_id = i.id and ($1::uuid is null or t.tenant_id = $1)
               and ($2::uuid is null or exists (select from technician_tenants g
                 where g.technician_id = $2 and g.tenant_id = t.tenant_id))))
           order by opened_at, id"#,
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| Incident::try_from(row).map_err(Into::into))
        .collect()
}

struct RecordRow {
    id: Uuid,
    kind: String,
    class: String,
    code: Option<i32>,
    opened_at: OffsetDateTime,
    last_seen_at: OffsetDateTime,
    closed_at: Option<OffsetDateTime>,
    tenants: i64,
}

impl TryFrom<RecordRow> for Record {
    type Error = Inconsistent;

    fn try_from(row: RecordRow) -> Result<Self, Inconsistent> {
        Ok(Self {
            id: row.id,
            last_seen_at: row.last_seen_at,
            closed_at: row.closed_at,
            class: row.class,
            incident: Row {
                id: row.id,
                kind: row.kind,
                code: row.code,
                opened_at: row.opened_at,
                tenants: row.tenants,
            }
            .try_into()?,
        })
    }
}

pub async fn latest(op: &mut Op, scope: Scope, limit: i64) -> sqlx::Result<Vec<Record>> {
    let rows = sqlx::query_as!(
        RecordRow,
        r#"with chosen as (
             select * from incidents i where closed_at is null
             union all
             (select * from incidents i where closed_at is not null and ($1::uuid is null and $3::uuid is null or exists (
             select from incident_tenants t where t.incident_id = i.id and ($1::uuid is null or t.tenant_id = $1)
               and ($3::uuid is null or exists (select from technician_tenants g
                 where g.technician_id = $3 and g.tenant_id = t.tenant_id))))
             order by opened_at desc limit $2))
           select id as "id!", kind as "kind!", class as "class!", code, opened_at as "opened_at!",
             last_seen_at as "last_seen_at!", closed_at,
             (select count(*) from incident_tenants t
               where t.incident_id = i.id and ($1::uuid is null or t.tenant_id = $1)
                 and ($3::uuid is null or exists (select from technician_tenants g
                   where g.technician_id = $3 and g.tenant_id = t.tenant_id))) as "tenants!"
           from chosen i
           where ($1::uuid is null and $3::uuid is null or exists (
             select from incident_tenants t where t.incident_id = i.id and ($1::uuid is null or t.tenant_id = $1)
               and ($3::uuid is null or exists (select from technician_tenants g
                 where g.technician_id = $3 and g.tenant_id = t.tenant_id))))
           order by closed_at is not null, opened_at desc, id"#,
        scope.tenant().map(TenantId::as_uuid),
        limit,
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| Record::try_from(row).map_err(Into::into))
        .collect()
}

pub async fn find(op: &mut Op, scope: Scope, id: Uuid) -> sqlx::Result<Option<Record>> {
    let row = sqlx::query_as!(
        RecordRow,
        r#"select id, kind, class, code, opened_at, last_seen_at, closed_at,
             (select count(*) from incident_tenants t
               where t.incident_id = i.id and ($2::uuid is null or t.tenant_id = $2)
                 and ($3::uuid is null or exists (select from technician_tenants g
                   where g.technician_id = $3 and g.tenant_id = t.tenant_id))) as "tenants!"
           from incidents i
           where id = $1 and ($2::uuid is null and $3::uuid is null or exists (
             select from incident_tenants t where t.incident_id = i.id and ($2::uuid is null or t.tenant_id = $2)
               and ($3::uuid is null or exists (select from technician_tenants g
                 where g.technician_id = $3 and g.tenant_id = t.tenant_id))))"#,
        id,
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await?;
    row.map(|row| Record::try_from(row).map_err(Into::into))
        .transpose()
}

pub async fn touched(
    op: &mut Op,
    scope: Scope,
    id: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<Touched>> {
    sqlx::query_as!(
        Touched,
        r#"select t.id as "tenant_id: TenantId", t.short_name, t.full_name,
             c.trouble_since as "trouble_since?", c.last_ok_at as "last_ok_at?"
           from incident_tenants i join tenants t on t.id = i.tenant_id
           left join connections c on c.tenant_id = t.id and c.state not in ('pending', 'revoked')
           where i.incident_id = $1 and ($2::uuid is null or t.id = $2)
             and ($4::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $4 and g.tenant_id = t.id))
           order by c.trouble_since is null, t.short_name limit $3"#,
        id,
        scope.tenant().map(TenantId::as_uuid),
        limit,
        scope.technician(),
    )
    .fetch_all(op.db())
    .await
}
