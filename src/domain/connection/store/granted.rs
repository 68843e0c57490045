//! The counts around the list for somebody who is limited to some tenants: the rows themselves, counted. They are the rows of
//! one person's tenants and not of the fleet, and the answer has the shape of the kept counts.

use time::Duration;
use uuid::Uuid;

use super::status_counts::Counted;
use crate::domain::connection::status::{DAYS_AHEAD, DAYS_BACK};
use crate::domain::op::Op;

/// Counts of the tenants that `technician` is limited to: all of them and those with one of `tags`.
pub async fn counted(
    op: &mut Op,
    technician: Uuid,
    tags: &[String],
) -> Result<Vec<Counted>, sqlx::Error> {
    let now = op.now();
    let today = now.date();
    sqlx::query_as!(
        Counted,
        r#"with mine as materialized (
             select k.* from technician_tenants g join tenant_status k on k.tenant_id = g.tenant_id where g.technician_id = $1)
           select 'state' as "kind!", t as "tag!", state as "state!", coalesce(mode, 'none') as "mode!",
             coalesce(cause, '') as "cause!", snoozed_until is not null as "snoozed!", null::date as day, count(*) as "n!"
           from mine k, unnest(array_prepend('', k.tags)) t
           where state <> 'archived' and t = any($2)
           group by 2, 3, 4, 5, 6
           union all
           select 'tag', t, '', '', '', false, null, count(*) from mine k, unnest(k.tags) t group by t
           union all
           select 'expiry', '', '', '', '', false, lapses_on, count(*) from mine
           where lapses_on between $3 and $4 group by lapses_on
           union all
           select 'error', '', '', '', '', false, (e.at at time zone 'UTC')::date, count(*)
           from technician_tenants g join msal_errors e on e.tenant_id = g.tenant_id
           where g.technician_id = $1 and e.at >= $5::date::timestamp at time zone 'UTC' group by 7
           union all
           select 'due', '', '', '', '', false, null, 1 where (select min(changes_at) from mine) <= $6"#,
        technician,
        tags,
        today,
        today.saturating_add(Duration::days(DAYS_AHEAD - 1)),
        today.saturating_sub(Duration::days(DAYS_BACK - 1)),
        now,
    )
    .fetch_all(op.db())
    .await
}
