//! `call_totals`: what all keepers together asked of Microsoft, since the first. Each adds what it counted.

use sqlx::PgPool;

use crate::entra::meter::Counted;

/// Add counts to the sums, all or none. In one order everywhere, so that keepers that add at once wait and do not block
/// each other.
pub async fn add(pool: &PgPool, counts: &mut [Counted]) -> sqlx::Result<()> {
    if counts.is_empty() {
        return Ok(());
    }
    counts.sort_by_key(|counted| (counted.operation.as_str(), counted.ended.as_str()));
    let mut tx = pool.begin().await?;
    for counted in counts.iter() {
        let durations = counted.durations.map(stored);
        sqlx::query!(
            "insert into call_totals as t (operation, outcome, calls, seconds, durations) values ($1, $2, $3, $4, $5)
             on conflict (operation, outcome) do update
             set calls = t.calls + excluded.calls, seconds = t.seconds + excluded.seconds,
               durations = array(select coalesce(a, 0) + coalesce(b, 0)
                 from unnest(t.durations, excluded.durations) with ordinality as u(a, b, place) order by place)",
            counted.operation.as_str(),
            counted.ended.as_str(),
            stored(counted.calls),
            counted.seconds,
            &durations
        )
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await
}

fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
