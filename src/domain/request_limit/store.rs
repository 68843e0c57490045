//! SQL of request limits.

use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use crate::domain::op::Op;

/// One more within `span`, or the first of a new one; false and nothing counted when `most` are taken.
pub(super) async fn take(
    op: &mut Op,
    subject: &str,
    most: i32,
    span: Duration,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let taken = sqlx::query!(
        "insert into request_limits as l (subject, began_at, taken) values ($1, $2, 1)
         on conflict (subject) do update set
           began_at = case when l.began_at > $3 then l.began_at else $2 end,
           taken = case when l.began_at > $3 then l.taken + 1 else 1 end
         where l.began_at <= $3 or l.taken < $4",
        subject,
        now,
        now - span,
        most,
    )
    .execute(op.db())
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// When the count of this subject began.
pub(super) async fn began_at(
    op: &mut Op,
    subject: &str,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    sqlx::query_scalar!(
        "select began_at from request_limits where subject = $1",
        subject
    )
    .fetch_optional(op.db())
    .await
}

pub(super) async fn delete(pool: &PgPool, until: OffsetDateTime) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!("delete from request_limits where began_at <= $1", until)
        .execute(pool)
        .await?;
    Ok(done.rows_affected())
}
