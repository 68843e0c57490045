//! `alert_channels` and `alert_channel_secrets`. What is sealed is written here and never read.

use sqlx::postgres::PgQueryResult;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::alert::{Channel, ChannelKind, ChannelState};
use crate::domain::op::Op;
use crate::storage::{Inconsistent, Violation, violation};

/// What is written of a channel.
pub struct NewRow<'a> {
    pub id: Uuid,
    pub name: &'a str,
    pub kind: ChannelKind,
    pub recipients: &'a [String],
    pub hint: &'a str,
    pub every_minutes: Option<i16>,
}

pub async fn all(op: &mut Op) -> Result<Vec<Channel>, sqlx::Error> {
    let now = op.now();
    let rows = sqlx::query!(
        r#"select id, name, kind, recipients, url_hint, every_minutes, state, failing_since, last_at, last_outcome, last_ok_at,
             (select count(*) from alert_deliveries d where d.channel_id = c.id and d.state = 'pending') as "waiting!",
             (select max(s.until) from alert_channel_secrets s
               where s.channel_id = c.id and s.kind = 'signing' and s.until > $1) as former_key_until,
             (select s.id from alert_channel_secrets s
               where s.channel_id = c.id and s.kind = 'signing' and s.until is null) as key
           from alert_channels c order by kind <> 'owners', lower(name), id"#,
        now
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| {
            let wrong = |column| Inconsistent::new("alert_channels", column, row.id);
            Ok(Channel {
                id: row.id,
                kind: ChannelKind::from_word(&row.kind).ok_or_else(|| wrong("kind"))?,
                state: ChannelState::from_word(&row.state).ok_or_else(|| wrong("state"))?,
                name: row.name,
                recipients: row.recipients,
                url_hint: row.url_hint,
                every_minutes: row.every_minutes,
                failing_since: row.failing_since,
                last_at: row.last_at,
                last_outcome: row.last_outcome,
                last_ok_at: row.last_ok_at,
                waiting: row.waiting,
                key: row.key,
                former_key_until: row.former_key_until,
            })
        })
        .collect()
}

fn unless_taken(done: Result<PgQueryResult, sqlx::Error>) -> Result<bool, sqlx::Error> {
    match done {
        Ok(done) => Ok(done.rows_affected() == 1),
        Err(error) => match violation(&error) {
            Some(Violation::Unique("alert_channels_name_key")) => Ok(false),
            _ => Err(error),
        },
    }
}

/// False when another has the name.
pub async fn insert(op: &mut Op, row: &NewRow<'_>) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "insert into alert_channels (id, name, kind, recipients, url_hint, every_minutes, state_since, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
        row.id,
        row.name,
        row.kind.as_str(),
        row.recipients,
        row.hint,
        row.every_minutes,
        now
    )
    .execute(op.db())
    .await;
    unless_taken(done)
}

/// False when another has the name.
pub async fn update(op: &mut Op, row: &NewRow<'_>) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update alert_channels set name = $2, recipients = $3, url_hint = $4, every_minutes = $5 where id = $1",
        row.id,
        row.name,
        row.recipients,
        row.hint,
        row.every_minutes
    )
    .execute(op.db())
    .await;
    unless_taken(done)
}

pub async fn delete(op: &mut Op, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from alert_channels where id = $1", id)
        .execute(op.db())
        .await?;
    Ok(())
}

pub async fn set_state(op: &mut Op, id: Uuid, state: ChannelState) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update alert_channels set state = $2, state_since = $3,
           failing_since = case when $2 = 'active' then null else failing_since end
         where id = $1",
        id,
        state.as_str(),
        now
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// A channel that is in use has failed for too long. False when it is not in use (any more).
pub async fn disable(op: &mut Op, id: Uuid) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update alert_channels set state = 'disabled', state_since = $2 where id = $1 and state = 'active'",
        id,
        now
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Every channel that is in use waits for somebody to let it go.
pub async fn hold(op: &mut Op) -> Result<u64, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update alert_channels set state = 'held', state_since = $1 where state = 'active'",
        now
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

/// How the last attempt ended; gives the first failure since the last success.
pub async fn note_outcome(
    op: &mut Op,
    id: Uuid,
    ok: bool,
    outcome: &str,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    let now = op.now();
    sqlx::query_scalar!(
        "update alert_channels set last_at = $2, last_outcome = $3,
           last_ok_at = case when $4 then $2 else last_ok_at end,
           failing_since = case when $4 then null else coalesce(failing_since, $2) end
         where id = $1 returning failing_since",
        id,
        now,
        outcome,
        ok
    )
    .fetch_optional(op.db())
    .await
    .map(Option::flatten)
}

/// What of a channel is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    Url,
    Signing,
}

impl SecretKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Signing => "signing",
        }
    }
}

pub async fn insert_secret(
    op: &mut Op,
    channel: Uuid,
    kind: SecretKind,
    id: Uuid,
    ciphertext: &[u8],
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "insert into alert_channel_secrets (id, channel_id, kind, ct, created_at) values ($1, $2, $3, $4, $5)",
        id,
        channel,
        kind.as_str(),
        ciphertext,
        now
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub async fn drop_secrets(op: &mut Op, channel: Uuid, kind: SecretKind) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from alert_channel_secrets where channel_id = $1 and kind = $2",
        channel,
        kind.as_str()
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Whoever else changes it waits.
pub async fn lock(op: &mut Op, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("select id from alert_channels where id = $1 for update", id)
        .fetch_optional(op.db())
        .await?;
    Ok(())
}

/// The key in use ends then. Those before it keep their time, the last two of them, so that never more than four sign.
pub async fn end_secrets(
    op: &mut Op,
    channel: Uuid,
    until: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "delete from alert_channel_secrets where channel_id = $1 and kind = 'signing' and until is not null
           and (until <= $2 or id not in (select id from alert_channel_secrets
             where channel_id = $1 and kind = 'signing' and until is not null order by until desc, id desc limit 2))",
        channel,
        now
    )
    .execute(op.db())
    .await?;
    sqlx::query!(
        "update alert_channel_secrets set until = $2 where channel_id = $1 and kind = 'signing' and until is null",
        channel,
        until
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Addresses of the owners who can sign in.
pub async fn owners(op: &mut Op) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "select email from technicians where role = 'owner' and state = 'active' order by email"
    )
    .fetch_all(op.db())
    .await
}

/// Heartbeats whose time has come, claimed: the next comes a rhythm later, whatever becomes of this one.
pub async fn claim_beats(op: &mut Op) -> Result<Vec<Uuid>, sqlx::Error> {
    let now = op.now();
    sqlx::query_scalar!(
        "update alert_channels set beat_at = $1
         where kind = 'heartbeat' and state = 'active'
           and (beat_at is null or beat_at + make_interval(mins => every_minutes) <= $1)
         returning id",
        now
    )
    .fetch_all(op.db())
    .await
}

/// Whether the worker that looks at events went well since then.
pub async fn evaluator_lives(op: &mut Op, since: OffsetDateTime) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from worker_runs where name = 'alerts' and last_good_at >= $1) as "lives!""#,
        since
    )
    .fetch_one(op.db())
    .await
}
