//! What a worker's turn reads and claims. A claim is an update that names the state it found, made while the campaign's row is
//! locked: of two workers, or after one that was killed, only one gets it.

use time::{Duration, OffsetDateTime};

use crate::domain::op::Op;
use crate::storage::{CampaignId, TenantId};

/// A check after an authorisation is begun again after so long, when nothing came of it.
const CHECK_AGAIN: Duration = Duration::minutes(10);
/// And so often in all.
pub(super) const MOST_CHECKS: i16 = 5;

/// Somebody to be reminded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueReminder {
    pub tenant: TenantId,
    /// Sent before.
    pub reminders: i16,
}

/// Campaigns of which something may go out now.
pub async fn ready(op: &mut Op) -> Result<Vec<CampaignId>, sqlx::Error> {
    let now = op.now();
    let found = sqlx::query_scalar!(
        "select c.id from campaigns c
           where c.state = 'running' and c.next_send_at <= $1 and (c.deadline is null or c.deadline > $1)
             and (exists (select from campaign_tenants k where k.campaign_id = c.id and k.state = 'waiting')
               or exists (select from campaign_tenants k where k.campaign_id = c.id and k.state = 'asked'
                 and k.next_reminder_at <= $1))
           order by c.next_send_at, c.id limit 100",
        now,
    )
    .fetch_all(op.db())
    .await?;
    Ok(found.into_iter().map(Into::into).collect())
}

/// The next to be asked.
pub async fn waiting(op: &mut Op, id: CampaignId) -> Result<Option<TenantId>, sqlx::Error> {
    let found = sqlx::query_scalar!(
        "select tenant_id from campaign_tenants where campaign_id = $1 and state = 'waiting' order by place limit 1",
        id.as_uuid(),
    )
    .fetch_optional(op.db())
    .await?;
    Ok(found.map(Into::into))
}

/// The next to be reminded.
pub async fn due_reminder(op: &mut Op, id: CampaignId) -> Result<Option<DueReminder>, sqlx::Error> {
    let now = op.now();
    let row = sqlx::query!(
        "select tenant_id, reminders from campaign_tenants
         where campaign_id = $1 and state = 'asked' and next_reminder_at <= $2 order by next_reminder_at, place limit 1",
        id.as_uuid(),
        now,
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(|row| DueReminder {
        tenant: row.tenant_id.into(),
        reminders: row.reminders,
    }))
}

/// Hold the campaign until the end of this transaction. The instant that its next mail was planned for; none when it does not
/// run (any more), or when it is not its turn yet.
pub async fn lock_running(
    op: &mut Op,
    id: CampaignId,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    let now = op.now();
    let planned = sqlx::query_scalar!(
        "select next_send_at from campaigns where id = $1 and state = 'running' and next_send_at <= $2 for update",
        id.as_uuid(),
        now,
    )
    .fetch_optional(op.db())
    .await?;
    Ok(planned.flatten())
}

pub async fn plan_next(op: &mut Op, id: CampaignId, at: OffsetDateTime) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update campaigns set next_send_at = $2 where id = $1",
        id.as_uuid(),
        at
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Whether another campaign has written to this tenant, and that link still works: of one that is on, or a short while ago.
/// Until the end of the transaction no other campaign is told about this tenant.
pub async fn asked_elsewhere(
    op: &mut Op,
    id: CampaignId,
    tenant: TenantId,
) -> Result<bool, sqlx::Error> {
    op.hold(&format!("campaigns that ask {tenant}")).await?;
    let now = op.now();
    sqlx::query_scalar!(
        r#"select campaign_asked_elsewhere($1, $2, $3) as "elsewhere!""#,
        id.as_uuid(),
        tenant.as_uuid(),
        now,
    )
    .fetch_one(op.db())
    .await
}

/// From waiting to asked; false when somebody else did.
pub async fn claim_waiting(
    op: &mut Op,
    id: CampaignId,
    tenant: TenantId,
    next_reminder_at: Option<OffsetDateTime>,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update campaign_tenants set state = 'asked', asked_at = $3, updated_at = $3, next_reminder_at = $4
         where tenant_id = $1 and campaign_id = $2 and state = 'waiting'",
        tenant.as_uuid(),
        id.as_uuid(),
        now,
        next_reminder_at,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How it ends for somebody who is not mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It cannot be asked, and may be tried again when that is put right.
    Failed,
    /// It need not be asked any more.
    Stopped,
}

impl Left {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

/// From waiting to an end without a mail; false when somebody else did something.
pub async fn leave_waiting(
    op: &mut Op,
    id: CampaignId,
    tenant: TenantId,
    left: Left,
    why: &str,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update campaign_tenants set state = $3, why = $4, updated_at = $5
         where tenant_id = $1 and campaign_id = $2 and state = 'waiting'",
        tenant.as_uuid(),
        id.as_uuid(),
        left.as_str(),
        why,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// One reminder more; false when somebody else did.
pub async fn claim_reminder(
    op: &mut Op,
    id: CampaignId,
    due: DueReminder,
    next: Option<OffsetDateTime>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update campaign_tenants set reminders = reminders + 1, next_reminder_at = $4
         where tenant_id = $1 and campaign_id = $2 and state = 'asked' and reminders = $3",
        due.tenant.as_uuid(),
        id.as_uuid(),
        due.reminders,
        next,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Nobody needs to be reminded there any more.
pub async fn end_reminders(
    op: &mut Op,
    id: CampaignId,
    due: DueReminder,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update campaign_tenants set next_reminder_at = null where tenant_id = $1 and campaign_id = $2 and reminders = $3",
        due.tenant.as_uuid(),
        id.as_uuid(),
        due.reminders,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Look at this reminder later.
pub async fn put_off(
    op: &mut Op,
    id: CampaignId,
    due: DueReminder,
    until: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update campaign_tenants set next_reminder_at = $4
         where tenant_id = $1 and campaign_id = $2 and reminders = $3 and next_reminder_at is not null",
        due.tenant.as_uuid(),
        id.as_uuid(),
        due.reminders,
        until,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Authorised, and never checked since: of campaigns that are not over.
pub async fn due_checks(
    op: &mut Op,
    limit: i64,
) -> Result<Vec<(CampaignId, TenantId)>, sqlx::Error> {
    let again = op.now() - CHECK_AGAIN;
    let rows = sqlx::query!(
        r#"select k.campaign_id, k.tenant_id from campaigns c
           join campaign_tenants k on k.campaign_id = c.id and k.state = 'asked'
             and k.checks < $3 and (k.checked_at is null or k.checked_at <= $1)
           where c.state in ('running', 'paused')
             and exists (select from invitations i where i.tenant_id = k.tenant_id and i.state = 'completed'
               and i.created_at >= k.asked_at
               and not exists (select from validations v where v.tenant_id = k.tenant_id and v.at >= i.ended_at))
           order by k.checked_at nulls first, k.tenant_id limit $2"#,
        again,
        limit,
        MOST_CHECKS,
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.campaign_id.into(), row.tenant_id.into()))
        .collect())
}

/// Take the check in hand; false when somebody else has.
pub async fn begin_check(
    op: &mut Op,
    id: CampaignId,
    tenant: TenantId,
) -> Result<bool, sqlx::Error> {
    let (now, again) = (op.now(), op.now() - CHECK_AGAIN);
    let done = sqlx::query!(
        "update campaign_tenants set checked_at = $3, checks = checks + 1
         where tenant_id = $1 and campaign_id = $2 and (checked_at is null or checked_at <= $4)",
        tenant.as_uuid(),
        id.as_uuid(),
        now,
        again,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Past their deadline.
pub async fn lapsed(op: &mut Op) -> Result<Vec<CampaignId>, sqlx::Error> {
    let now = op.now();
    let found = sqlx::query_scalar!(
        "select id from campaigns where state in ('running', 'paused') and deadline <= $1 order by id",
        now,
    )
    .fetch_all(op.db())
    .await?;
    Ok(found.into_iter().map(Into::into).collect())
}

/// Running, with nobody waiting: whether all are through is looked at one by one.
pub async fn finished(op: &mut Op) -> Result<Vec<CampaignId>, sqlx::Error> {
    let found = sqlx::query_scalar!(
        "select c.id from campaigns c where c.state = 'running'
           and not exists (select from campaign_tenants k where k.campaign_id = c.id
             and (k.state = 'waiting' or k.next_reminder_at is not null)) order by c.id",
    )
    .fetch_all(op.db())
    .await?;
    Ok(found.into_iter().map(Into::into).collect())
}
