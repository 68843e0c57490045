//! `alert_deliveries`: what each channel is owed. Leases by the database's clock, everything else by App's.

use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::alert::{Alert, Delivery, DeliveryState, Message, Quiet, Step};
use crate::domain::op::Op;
use crate::storage::{Inconsistent, TenantId};

/// Write that the channel is owed this; it goes out when the quiet hours are over.
pub async fn insert(
    op: &mut Op,
    channel: Uuid,
    alert: Option<&Alert>,
    step: Step,
    message: &Message,
    quiet: Option<&Quiet>,
) -> Result<Uuid, sqlx::Error> {
    let now = op.now();
    sqlx::query_scalar!(
        "insert into alert_deliveries (id, channel_id, alert_id, tenant_id, step, sequence, content, created_at, next_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, quiet_end($8, $9, $10, $11)) returning id",
        crate::clock::ordered_uuid(),
        channel,
        alert.map(|alert| alert.id),
        alert.and_then(|alert| alert.tenant.as_ref()).map(|tenant| tenant.id.as_uuid()),
        step.as_str(),
        message.sequence,
        Json(message) as _,
        now,
        quiet.map(|quiet| quiet.from),
        quiet.map(|quiet| quiet.until),
        quiet.map(|quiet| quiet.zone.as_str())
    )
    .fetch_one(op.db())
    .await
}

/// A delivery taken to be sent.
#[derive(Clone, Debug)]
pub struct Taken {
    pub id: Uuid,
    pub channel_id: Uuid,
    pub kind: String,
    pub channel: String,
    pub recipients: Vec<String>,
    pub content: serde_json::Value,
    /// This one counted.
    pub attempts: i32,
    pub first_failed_at: Option<OffsetDateTime>,
}

/// Channels that are owed something now.
pub async fn channels_due(op: &mut Op) -> Result<Vec<Uuid>, sqlx::Error> {
    let now = op.now();
    sqlx::query_scalar!(
        "select c.id from alert_channels c
         where c.state = 'active' and exists (select from alert_deliveries d
           where d.channel_id = c.id and d.state = 'pending' and d.next_at <= $1
             and (d.lease_until is null or d.lease_until < now()))
         order by c.id",
        now
    )
    .fetch_all(op.db())
    .await
}

/// Take the next of a channel for a minute. A ticket's messages go one after another: what closes it must not come first.
pub async fn take(
    op: &mut Op,
    channel: Uuid,
    only: Option<Uuid>,
) -> Result<Option<Taken>, sqlx::Error> {
    let now = op.now();
    sqlx::query_as!(
        Taken,
        "update alert_deliveries d set lease_until = now() + interval '60 seconds', attempts = d.attempts + 1
         from alert_channels c
         where c.id = d.channel_id and d.id = (
           select e.id from alert_deliveries e join alert_channels k on k.id = e.channel_id
           where e.channel_id = $1 and e.state = 'pending' and e.next_at <= $2 and ($3::uuid is null or e.id = $3)
             and (k.state = 'active' or $3 is not null) and (e.lease_until is null or e.lease_until < now())
             and not (k.kind in ('ticket_mail', 'ticket_webhook') and exists (
               select from alert_deliveries f where f.alert_id = e.alert_id and f.channel_id = e.channel_id
                 and f.state = 'pending' and f.sequence < e.sequence))
           order by e.next_at, e.id limit 1 for update of e skip locked)
         returning d.id, d.channel_id, c.kind, c.name as channel, c.recipients, d.content, d.attempts, d.first_failed_at",
        channel,
        now,
        only
    )
    .fetch_optional(op.db())
    .await
}

pub async fn delivered(op: &mut Op, id: Uuid, outcome: &str) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update alert_deliveries set state = 'delivered', outcome = $2, last_at = $3, lease_until = null, first_failed_at = null
         where id = $1",
        id,
        outcome,
        now
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Not taken: tried again then, or given up. Nothing when it was claimed anew or delivered since: this attempt outlived its lease.
pub async fn failed(
    op: &mut Op,
    claimed: &Taken,
    outcome: &str,
    next: Option<OffsetDateTime>,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update alert_deliveries set outcome = $2, last_at = $3, lease_until = null,
           first_failed_at = coalesce(first_failed_at, $3),
           state = case when $4::timestamptz is null then 'failed' else 'pending' end, next_at = coalesce($4, next_at)
         where id = $1 and state = 'pending' and attempts = $5",
        claimed.id,
        outcome,
        now,
        next,
        claimed.attempts
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// The channel takes messages again: those that it refused before need not wait for their turn.
pub async fn pull_forward(op: &mut Op, channel: Uuid) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update alert_deliveries set next_at = $2
         where channel_id = $1 and state = 'pending' and first_failed_at is not null and next_at > $2",
        channel,
        now
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Once more, from the beginning of the schedule; one, or everything of a channel that was given up or waits.
pub async fn replay(op: &mut Op, channel: Uuid, only: Option<Uuid>) -> Result<u64, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update alert_deliveries set state = 'pending', next_at = $3, attempts = 0, first_failed_at = null, lease_until = null
         where channel_id = $1 and (id = $2 or $2::uuid is null and (state = 'failed' or state = 'pending' and attempts > 0))",
        channel,
        only,
        now
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

/// The newest of these within the scope.
pub async fn latest(
    op: &mut Op,
    (tenant, technician): (Option<TenantId>, Option<Uuid>),
    (channel, alert): (Option<Uuid>, Option<Uuid>),
    before: Option<(OffsetDateTime, Uuid)>,
    limit: i64,
) -> Result<Vec<Delivery>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select d.id, d.channel_id, c.name as channel, coalesce(d.content ->> 'title', '') as "title!",
             d.created_at, d.next_at, d.attempts, d.state, d.outcome
           from alert_deliveries d join alert_channels c on c.id = d.channel_id
           where ($1::uuid is null or d.tenant_id = $1)
             and ($2::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $2 and g.tenant_id = d.tenant_id))
             and ($3::uuid is null or d.channel_id = $3) and ($4::uuid is null or d.alert_id = $4)
             and ($5::timestamptz is null or (d.created_at, d.id) < ($5, $6::uuid))
           order by d.created_at desc, d.id desc limit $7"#,
        tenant.map(TenantId::as_uuid),
        technician,
        channel,
        alert,
        before.map(|(at, _)| at),
        before.map(|(_, id)| id),
        limit
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| {
            let wrong = || Inconsistent::new("alert_deliveries", "state", row.id);
            Ok(Delivery {
                state: DeliveryState::from_word(&row.state).ok_or_else(wrong)?,
                id: row.id,
                channel_id: row.channel_id,
                channel: row.channel,
                title: row.title,
                created_at: row.created_at,
                next_at: row.next_at,
                attempts: row.attempts,
                outcome: row.outcome,
            })
        })
        .collect()
}
