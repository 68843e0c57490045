//! What is sampled of the whole fleet, looked up for somebody who is limited to some tenants.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::CauseRow;
use crate::domain::diagnosis::Category;
use crate::domain::op::Op;
use crate::domain::operations::{Oldest, Present};

/// As the samples have it.
const OVERDUE: Duration = Duration::minutes(10);

/// Renewals that are due, and the token that was renewed longest ago.
pub async fn present(op: &mut Op, technician: Uuid) -> Result<Present, sqlx::Error> {
    let now = op.now();
    let due = sqlx::query!(
        r#"select count(*)::integer as "connections!",
             (count(*) filter (where s.next_refresh_at <= $2))::integer as "due!",
             (count(*) filter (where s.next_refresh_at <= $3))::integer as "overdue!"
           from technician_tenants g
           join tenants t on t.id = g.tenant_id and t.state = 'active'
           join connections c on c.tenant_id = g.tenant_id and c.state in ('active', 'suspect')
           join refresh_schedule s on s.tenant_id = c.tenant_id and s.connection_id = c.id
           where g.technician_id = $1"#,
        technician,
        now,
        now - OVERDUE,
    )
    .fetch_one(op.db())
    .await?;
    let oldest = sqlx::query_as!(
        Oldest,
        r#"select coalesce(k.last_ok_at, k.acquired_at) as "at!", t.id as tenant_id, t.short_name, t.full_name, k.resource
           from technician_tenants g
           join tenants t on t.id = g.tenant_id and t.state = 'active'
           join connections c on c.tenant_id = g.tenant_id and c.state in ('active', 'suspect')
           join tokens k on k.tenant_id = c.tenant_id and k.connection_id = c.id
           where g.technician_id = $1 and k.state = 'valid' and coalesce(k.last_ok_at, k.acquired_at) is not null
           order by 1 limit 1"#,
        technician,
    )
    .fetch_optional(op.db())
    .await?;
    Ok(Present {
        sampled_at: Some(now),
        connections: due.connections,
        due: due.due,
        overdue: due.overdue,
        oldest,
        ..Present::default()
    })
}

/// Errors by cause since then, the most frequent first.
pub async fn causes(
    op: &mut Op,
    technician: Uuid,
    since: OffsetDateTime,
) -> Result<Vec<(Category, i64)>, sqlx::Error> {
    let rows = sqlx::query_as!(
        CauseRow,
        r#"select e.category, count(*) as "errors!"
           from technician_tenants g join msal_errors e on e.tenant_id = g.tenant_id
           where g.technician_id = $1 and e.at >= $2
           group by 1 order by 2 desc, 1"#,
        technician,
        since,
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows.into_iter().map(CauseRow::read).collect())
}
