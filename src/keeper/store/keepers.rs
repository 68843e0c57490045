//! `keepers`: which keepers work on this database. By the database's clock alone.

use std::time::Duration;

use sqlx::PgExecutor;
use uuid::Uuid;

/// Say that this keeper lives and how many requests it has `(under way, waiting)`, and count those who were seen within
/// `patience`, this one included.
pub async fn beat(
    db: impl PgExecutor<'_>,
    id: Uuid,
    (in_flight, waiting): (usize, usize),
    patience: Duration,
) -> sqlx::Result<u32> {
    let others = sqlx::query_scalar!(
        r#"with beat as (
             insert into keepers (id, in_flight, waiting) values ($1, $3, $4)
             on conflict (id) do update
             set seen_at = now(), in_flight = excluded.in_flight, waiting = excluded.waiting
           )
           select count(*) as "others!" from keepers
           where id <> $1 and seen_at > now() - make_interval(secs => $2)"#,
        id,
        patience.as_secs_f64(),
        i32::try_from(in_flight).unwrap_or(i32::MAX),
        i32::try_from(waiting).unwrap_or(i32::MAX)
    )
    .fetch_one(db)
    .await?;
    Ok(u32::try_from(others).unwrap_or(u32::MAX).saturating_add(1))
}

/// This keeper ends.
pub async fn leave(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from keepers where id = $1", id)
        .execute(db)
        .await?;
    Ok(())
}

/// Forget those who died long ago without a word.
pub async fn forget_dead(db: impl PgExecutor<'_>) -> sqlx::Result<()> {
    sqlx::query!("delete from keepers where seen_at < now() - interval '1 day'")
        .execute(db)
        .await?;
    Ok(())
}
