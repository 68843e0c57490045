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
             select state, coalesce(mode, 'none') as mode, coalesce(cause, '') as cause, snoozed_until is not null as snoozed,
               tags, lapses_on, changes_at
             from granted_tenant_status where granted_to = $1)
           select 'state' as "kind!", t as "tag!", state as "state!", mode as "mode!", cause as "cause!",
             snoozed as "snoozed!", null::date as day, count(*) as "n!"
           from mine join (select distinct unnest($2::text[])) asked (t) on t = '' or t = any(tags)
           where state <> 'archived'
           group by 2, 3, 4, 5, 6
           union all
           select 'tag', t, '', '', '', false, null, count(*) from mine, unnest(tags) t group by t
           union all
           select 'expiry', '', '', '', '', false, lapses_on, count(*) from mine
           where lapses_on between $3 and $4 group by lapses_on
           union all
           select 'error', '', '', '', '', false, (at at time zone 'UTC')::date, count(*)
           from granted_msal_errors where granted_to = $1 and at >= $5::date::timestamp at time zone 'UTC' group by 7
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
