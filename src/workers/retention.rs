//! How long records of calls to Microsoft are kept.

use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

/// Calls to Microsoft are kept so long.
const CALLS: Duration = Duration::days(30);
/// Rows deleted by one statement, so that none comes near the statement timeout.
const BATCH: i64 = 5_000;
/// Statements per run; the rest waits for the next.
const BATCHES: u32 = 20;

/// Delete calls older than thirty days; returns how many.
pub(super) async fn delete_old_calls(
    pool: &PgPool,
    now: OffsetDateTime,
) -> Result<u64, sqlx::Error> {
    let mut deleted = 0;
    for _ in 0..BATCHES {
        let batch = sqlx::query!(
            "delete from entra_calls where (tenant_id, at, id) in (
               select tenant_id, at, id from entra_calls where at < $1 limit $2)",
            now - CALLS,
            BATCH,
        )
        .execute(pool)
        .await?
        .rows_affected();
        deleted += batch;
        if batch < BATCH.unsigned_abs() {
            break;
        }
    }
    Ok(deleted)
}
