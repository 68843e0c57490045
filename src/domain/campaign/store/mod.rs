//! `campaigns` and `campaign_tenants`.

mod board;
mod outlook;
mod page;
mod turn;

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Campaign, Filter, NewCampaign, Pace, State};
use crate::domain::customer_mail::MailTemplate;
use crate::domain::invitation::Method;
use crate::domain::op::{Op, Scope};
use crate::domain::zone::Zone;
use crate::storage::{CampaignId, Inconsistent, TechnicianId, TenantId};

pub use board::{Come, Counts, RowFilter, board, board_after, counts, one, unfinished, untouched};
pub use outlook::{Outlook, namesakes, outlook};
pub use page::page;
pub use turn::{
    DueReminder, Left, asked_elsewhere, begin_check, claim_reminder, claim_waiting, due_checks,
    due_reminder, end_reminders, finished, lapsed, leave_waiting, lock_running, plan_next, put_off,
    ready, waiting,
};

#[derive(FromRow)]
struct Row {
    id: Uuid,
    name: String,
    reason: String,
    method: String,
    sentence: String,
    subject_template: Option<String>,
    body_template: Option<String>,
    per_hour: i32,
    hours_from: Option<i16>,
    hours_until: Option<i16>,
    weekdays_only: bool,
    zone: String,
    deadline: Option<OffsetDateTime>,
    remind_days: i16,
    remind_most: i16,
    state: String,
    size: i32,
    next_send_at: Option<OffsetDateTime>,
    created_by: String,
    created_at: OffsetDateTime,
    started_at: Option<OffsetDateTime>,
    ended_at: Option<OffsetDateTime>,
    end_reason: String,
    /// Of its tenants, those that may be seen.
    tenants: i64,
}

impl TryFrom<Row> for Campaign {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let wrong = |column| Inconsistent::new("campaigns", column, row.id);
        let hour = |of: Option<i16>| of.map(u8::try_from).transpose();
        let hours = hour(row.hours_from)
            .and_then(|from| Ok(from.zip(hour(row.hours_until)?)))
            .map_err(|_| wrong("hours_from"))?;
        Ok(Self {
            id: row.id.into(),
            reason: row.reason.parse().map_err(|_| wrong("reason"))?,
            method: match row.method.as_str() {
                "" => None,
                word => Some(word.parse().map_err(|_| wrong("method"))?),
            },
            state: row.state.parse().map_err(|_| wrong("state"))?,
            name: row.name,
            sentence: row.sentence,
            template: row
                .subject_template
                .zip(row.body_template)
                .map(|(subject, body)| MailTemplate { subject, body }),
            pace: Pace {
                per_hour: row.per_hour,
                hours,
                weekdays_only: row.weekdays_only,
                zone: Zone::parse(&row.zone).ok_or_else(|| wrong("zone"))?,
            },
            deadline: row.deadline,
            reminders: (row.remind_days > 0 && row.remind_most > 0)
                .then_some((row.remind_days, row.remind_most)),
            created_by: row.created_by,
            created_at: row.created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
            end_reason: row.end_reason,
            next_send_at: row.next_send_at,
            tenants: row.tenants,
            is_whole: row.tenants == i64::from(row.size),
        })
    }
}

pub async fn list(
    op: &mut Op,
    scope: Scope,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Campaign>, i64), sqlx::Error> {
    let all = page(op, scope, &Filter::default(), None, (limit, offset)).await?;
    let total = sqlx::query_scalar!(
        r#"select count(*) as "n!" from campaigns c where exists (select from campaign_tenants k where k.campaign_id = c.id
             and ($1::uuid is null or k.tenant_id = $1)
             and ($2::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $2 and g.tenant_id = k.tenant_id)))"#,
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_one(op.db())
    .await?;
    Ok((all, total))
}

pub async fn find(
    op: &mut Op,
    scope: Scope,
    id: CampaignId,
) -> Result<Option<Campaign>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select c.id, c.name, c.reason, c.method, c.sentence, c.subject_template, c.body_template, c.per_hour, c.hours_from,
             c.hours_until, c.weekdays_only, c.zone, c.deadline, c.remind_days, c.remind_most, c.state, c.size, c.next_send_at,
             coalesce(t.display_name, '') as "created_by!", c.created_at, c.started_at, c.ended_at, c.end_reason,
             s.n as "tenants!"
           from campaigns c left join technicians t on t.id = c.created_by
           cross join lateral (select count(*) as n from campaign_tenants k where k.campaign_id = c.id
             and ($2::uuid is null or k.tenant_id = $2)
             and ($3::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $3 and g.tenant_id = k.tenant_id))) s
           where c.id = $1 and s.n > 0"#,
        id.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(Campaign::try_from).transpose()?)
}

pub async fn insert(
    op: &mut Op,
    id: CampaignId,
    new: &NewCampaign,
    tenants: &[TenantId],
) -> Result<(), sqlx::Error> {
    let now = op.now();
    let by = op.actor().technician().map(TechnicianId::as_uuid);
    let (remind_days, remind_most) = new.reminders.unwrap_or((0, 0));
    let hours = new.pace.hours;
    let ids: Vec<Uuid> = tenants.iter().map(|one| one.as_uuid()).collect();
    sqlx::query!(
        "insert into campaigns (id, name, reason, method, sentence, subject_template, body_template, per_hour, hours_from,
           hours_until, weekdays_only, deadline, remind_days, remind_most, size, created_by, created_at, zone)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        id.as_uuid(),
        new.name,
        new.reason.as_str(),
        new.method.map_or("", Method::as_str),
        new.sentence,
        new.template.as_ref().map(|one| one.subject.as_str()),
        new.template.as_ref().map(|one| one.body.as_str()),
        new.pace.per_hour,
        hours.map(|(from, _)| i16::from(from)),
        hours.map(|(_, until)| i16::from(until)),
        new.pace.weekdays_only,
        new.deadline,
        remind_days,
        remind_most,
        i32::try_from(ids.len()).unwrap_or(i32::MAX),
        by,
        now,
        new.pace.zone.name(),
    )
    .execute(op.db())
    .await?;
    sqlx::query!(
        "insert into campaign_tenants (tenant_id, campaign_id, place, updated_at)
         select t, $2, n, $3 from unnest($1::uuid[]) with ordinality as s(t, n)",
        &ids,
        id.as_uuid(),
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// The zone of whichever was made last.
pub async fn newest_zone(op: &mut Op) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!("select zone from campaigns order by created_at desc, id limit 1")
        .fetch_optional(op.db())
        .await
}

/// From one of these states to another; false when it is in none of them.
pub async fn change_state(
    op: &mut Op,
    id: CampaignId,
    from: &[State],
    to: State,
    next_send_at: Option<OffsetDateTime>,
    end_reason: &str,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let from: Vec<String> = from.iter().map(|one| one.as_str().to_owned()).collect();
    let ends = matches!(to, State::Stopped | State::Done);
    let done = sqlx::query!(
        "update campaigns set state = $3, next_send_at = coalesce($4, next_send_at),
           started_at = case when $3 = 'running' then coalesce(started_at, $5) else started_at end,
           ended_at = case when $6 then $5 end, end_reason = $7
         where id = $1 and state = any($2)",
        id.as_uuid(),
        &from,
        to.as_str(),
        next_send_at,
        now,
        ends,
        end_reason,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forget a draft; false when it is none.
pub async fn delete_draft(op: &mut Op, id: CampaignId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "with gone as (delete from campaign_tenants k using campaigns c
           where k.campaign_id = c.id and c.id = $1 and c.state = 'draft')
         delete from campaigns where id = $1 and state = 'draft'",
        id.as_uuid(),
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Nobody of it is asked or reminded any more.
pub async fn stop_tenants(
    op: &mut Op,
    id: CampaignId,
    why: &str,
    only_waiting: bool,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update campaign_tenants set state = case when state = 'waiting' or not $4 then 'stopped' else state end,
           why = case when state = 'waiting' or not $4 then $2 else why end, next_reminder_at = null,
           updated_at = case when state = 'waiting' or not $4 then $3 else updated_at end
         where campaign_id = $1 and state in ('waiting', 'asked')",
        id.as_uuid(),
        why,
        now,
        only_waiting,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Until the end of this transaction its state is as it is.
pub async fn lock(op: &mut Op, id: CampaignId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "select from campaigns where id = $1 for update",
        id.as_uuid()
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Those whom [`retry`] would let wait again.
pub async fn not_asked(op: &mut Op, id: CampaignId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "number!" from campaign_tenants
           where campaign_id = $1 and state = 'failed' and asked_at is null"#,
        id.as_uuid(),
    )
    .fetch_one(op.db())
    .await
}

/// Those that failed before anything was mailed wait again; gives how many.
pub async fn retry(op: &mut Op, id: CampaignId) -> Result<u64, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update campaign_tenants set state = 'waiting', why = '', updated_at = $2
         where campaign_id = $1 and state = 'failed' and asked_at is null",
        id.as_uuid(),
        now,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

pub async fn pause_all(op: &mut Op) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!("update campaigns set state = 'paused' where state = 'running'")
        .execute(op.db())
        .await?;
    Ok(done.rows_affected())
}
