//! What the claim of due connections costs, as Postgres itself tells it.

use serde_json::Value;
use sqlx::PgPool;

use crate::keeper::store::schedule;

/// One claim, rolled back.
#[derive(Clone, Copy, Debug)]
pub struct ClaimCost {
    pub milliseconds: f64,
    /// Pages of 8 KiB that were looked at, in memory or not.
    pub pages: i64,
    /// The due rows were found in the index and not by reading the table.
    pub by_index: bool,
}

/// Explain the very statement of the refresh worker, for `limit` rows that are due now.
pub async fn claim_cost(pool: &PgPool, limit: i64) -> sqlx::Result<ClaimCost> {
    let mut tx = pool.begin().await?;
    let plan = schedule::explain_claim(&mut tx, limit).await?;
    tx.rollback().await?;
    let text = plan.to_string();
    let top = |name: &str| plan.pointer(&format!("/0/{name}")).and_then(Value::as_f64);
    let pages = |name: &str| {
        let path = format!("/0/Plan/{name}");
        plan.pointer(&path).and_then(Value::as_i64).unwrap_or(0)
    };
    Ok(ClaimCost {
        milliseconds: top("Execution Time").unwrap_or(f64::NAN),
        pages: pages("Shared Hit Blocks") + pages("Shared Read Blocks"),
        by_index: text.contains("refresh_schedule_due_idx"),
    })
}
