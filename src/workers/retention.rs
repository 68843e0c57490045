//! How long records of calls to Microsoft are kept.

use time::Duration;

use crate::app::App;
use crate::domain::op::{Actor, Op};

/// Calls to Microsoft are kept so long.
const CALLS: Duration = Duration::days(30);
/// Rows deleted by one statement, so that none comes near the statement timeout.
const BATCH: i64 = 5_000;
/// Statements per run; the rest waits for the next.
const BATCHES: u32 = 20;

/// Delete calls older than thirty days; returns how many.
pub(super) async fn delete_old_calls(app: &App) -> Result<u64, sqlx::Error> {
    let mut deleted = 0;
    for _ in 0..BATCHES {
        let mut op = Op::begin(&app.pool, &app.clock, Actor::Worker("calls")).await?;
        let before = op.now() - CALLS;
        let batch = sqlx::query!(
            "delete from entra_calls where (tenant_id, at, id) in (
               select tenant_id, at, id from entra_calls where at < $1 limit $2)",
            before,
            BATCH,
        )
        .execute(op.db())
        .await?
        .rows_affected();
        op.commit().await?;
        deleted += batch;
        if batch < BATCH.unsigned_abs() {
            break;
        }
    }
    Ok(deleted)
}
