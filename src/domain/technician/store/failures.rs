//! SQL of failed logins.

use sqlx::PgPool;
use time::OffsetDateTime;

use crate::domain::op::Op;

/// Subject, failures and the last one's instant, for those that failed after `since`; locked until the transaction ends,
/// those without a failure too, so that of a first burst each waits for the one before it.
pub(in super::super) async fn failures(
    op: &mut Op,
    subjects: &[String],
    since: OffsetDateTime,
) -> Result<Vec<(String, i32, OffsetDateTime)>, sqlx::Error> {
    // A row that does not exist yet cannot be locked.
    sqlx::query!(
        r#"select pg_advisory_xact_lock(hashtextextended(subject, 0)) as "locked: ()"
           from (select unnest($1::text[]) as subject order by 1) as asked"#,
        subjects,
    )
    .fetch_all(op.db())
    .await?;
    let rows = sqlx::query!(
        "select subject, failures, last_failed_at from login_failures
         where subject = any($1) and last_failed_at > $2 order by subject for update",
        subjects,
        since,
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.subject, row.failures, row.last_failed_at))
        .collect())
}

/// One more; from one again when the last was not after `since`.
pub(in super::super) async fn count_failure(
    op: &mut Op,
    subject: &str,
    since: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "insert into login_failures (subject, failures, last_failed_at) values ($1, 1, $2)
         on conflict (subject) do update set last_failed_at = $2,
           failures = case when login_failures.last_failed_at > $3 then login_failures.failures + 1 else 1 end",
        subject,
        now,
        since,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(in super::super) async fn forget_failures(
    op: &mut Op,
    subject: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from login_failures where subject = $1", subject)
        .execute(op.db())
        .await?;
    Ok(())
}

/// One less; how many are left. A subject without failures has no row.
pub(in super::super) async fn take_back_failure(
    op: &mut Op,
    subject: &str,
) -> Result<Option<i32>, sqlx::Error> {
    let last = sqlx::query!(
        "delete from login_failures where subject = $1 and failures = 1",
        subject
    )
    .execute(op.db())
    .await?;
    if last.rows_affected() > 0 {
        return Ok(None);
    }
    sqlx::query_scalar!(
        "update login_failures set failures = failures - 1 where subject = $1 returning failures",
        subject
    )
    .fetch_optional(op.db())
    .await
}

/// The last failure counts as one of then, unless there was one later still.
pub(in super::super) async fn date_failures(
    op: &mut Op,
    subject: &str,
    then: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update login_failures set last_failed_at = $2 where subject = $1 and last_failed_at <= $3",
        subject,
        then,
        now
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(in super::super) async fn delete_failures(
    pool: &PgPool,
    until: OffsetDateTime,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "delete from login_failures where last_failed_at <= $1",
        until
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
