//! Campaigns page by page, newest first.

use time::OffsetDateTime;

use super::Row;
use crate::domain::campaign::{Campaign, Filter, Reason, State};
use crate::domain::op::{Op, Scope};
use crate::storage::{CampaignId, TenantId};

/// Each page begins after the last one of the page before; or after so many, for pages that have numbers.
pub async fn page(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    last: Option<(OffsetDateTime, CampaignId)>,
    (limit, offset): (i64, i64),
) -> Result<Vec<Campaign>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"select c.id, c.name, c.reason, c.method, c.sentence, c.subject_template, c.body_template, c.per_hour, c.hours_from,
             c.hours_until, c.weekdays_only, c.zone, c.deadline, c.remind_days, c.remind_most, c.state, c.size, c.next_send_at,
             coalesce(t.display_name, '') as "created_by!", c.created_at, c.started_at, c.ended_at, c.end_reason,
             s.n as "tenants!"
           from campaigns c left join technicians t on t.id = c.created_by
           cross join lateral (select count(*) as n from campaign_tenants k where k.campaign_id = c.id
             and ($1::uuid is null or k.tenant_id = $1)
             and ($2::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $2 and g.tenant_id = k.tenant_id))) s
           where s.n > 0 and ($3::text is null or c.state = $3) and ($4::text is null or c.reason = $4)
             and ($5::timestamptz is null or c.created_at < $5 or c.created_at = $5 and c.id > $6::uuid)
           order by c.created_at desc, c.id limit $7 offset $8"#,
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
        filter.state.map(State::as_str),
        filter.reason.map(Reason::as_str),
        last.map(|(at, _)| at),
        last.map(|(_, id)| id.as_uuid()),
        limit,
        offset,
    )
    .fetch_all(op.db())
    .await?;
    let all = rows.into_iter().map(Campaign::try_from);
    Ok(all.collect::<Result<_, _>>()?)
}
