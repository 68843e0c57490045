//! Answers to calls that are done once, kept for a day under the name that the caller gave them (`Idempotency-Key`), so that a call that
//! is sent again does not create again.

use aws_lc_rs::digest;
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use crate::domain::op::Op;
use crate::storage::ApiKeyId;

/// How long an answer is kept.
const KEPT: Duration = Duration::hours(24);

/// What was answered; header fields that it did not have are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub etag: String,
    pub location: String,
    pub body: String,
}

/// What is known of a call of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing: it is to be run now, and this caller alone runs it.
    New,
    /// It was run; this was the answer.
    Answered(Reply),
    /// It is running at this moment.
    Running,
    /// The name was used for another call.
    Other,
}

/// Take the name for this call, or find what came of it. To be committed before the call is run.
pub async fn take_reply(
    op: &mut Op,
    key: ApiKeyId,
    name: &str,
    request: &[&[u8]],
) -> Result<Kept, sqlx::Error> {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in request {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let hash = context.finish();
    let now = op.now();
    // Too old, or left by a process that died in it: as if it had never been.
    sqlx::query!(
        "delete from api_replies where key_id = $1 and name = $2
           and (created_at <= $3 or (status is null and lease_until < now()))",
        key.as_uuid(),
        name,
        now - KEPT,
    )
    .execute(op.db())
    .await?;
    let taken = sqlx::query!(
        "insert into api_replies (key_id, name, request_hash, lease_until, created_at)
         values ($1, $2, $3, now() + interval '2 minutes', $4) on conflict do nothing",
        key.as_uuid(),
        name,
        hash.as_ref(),
        now,
    )
    .execute(op.db())
    .await?;
    if taken.rows_affected() == 1 {
        return Ok(Kept::New);
    }
    let row = sqlx::query!(
        "select request_hash, status, etag, location, body from api_replies where key_id = $1 and name = $2",
        key.as_uuid(),
        name,
    )
    .fetch_optional(op.db())
    .await?;
    // Gone between the two: whoever had it has just given it up.
    let Some(row) = row else {
        return Ok(Kept::Running);
    };
    if row.request_hash != hash.as_ref() {
        return Ok(Kept::Other);
    }
    let Some(status) = row.status else {
        return Ok(Kept::Running);
    };
    Ok(Kept::Answered(Reply {
        status: u16::try_from(status).unwrap_or(500),
        etag: row.etag,
        location: row.location,
        body: row.body,
    }))
}

/// Keep what came of it.
pub async fn keep_reply(
    pool: &PgPool,
    key: ApiKeyId,
    name: &str,
    reply: &Reply,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update api_replies set status = $3, etag = $4, location = $5, body = $6 where key_id = $1 and name = $2",
        key.as_uuid(),
        name,
        i16::try_from(reply.status).unwrap_or(500),
        reply.etag,
        reply.location,
        reply.body,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Nothing was done, so the same name may be used again.
pub async fn forget_reply(pool: &PgPool, key: ApiKeyId, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from api_replies where key_id = $1 and name = $2",
        key.as_uuid(),
        name,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Forget answers after their day; returns how many. Run by a worker.
pub async fn sweep_replies(pool: &PgPool, now: OffsetDateTime) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!("delete from api_replies where created_at <= $1", now - KEPT)
        .execute(pool)
        .await?;
    Ok(done.rows_affected())
}
