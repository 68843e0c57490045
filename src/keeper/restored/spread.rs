//! Slow start: after a restore nearly everything is due. The renewals begin one after another, the longest unrenewed first,
//! at a quarter of the rate that is allowed at Microsoft.

use serde_json::{Value, json};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use crate::keeper::store::restored;

/// Between two connections at least: four resources each, five requests a second.
const LEAST_MS: i64 = 800;
/// All of them take at least and at most so long.
const SHORTEST: Duration = Duration::minutes(10);
const LONGEST: Duration = Duration::hours(12);

pub(super) async fn renewals(tx: &mut PgConnection, now: OffsetDateTime) -> sqlx::Result<Value> {
    restored::forget_keepers(&mut *tx).await?;
    let due = restored::count_due(&mut *tx, now + LONGEST).await?;
    let gap = gap(due);
    let spread = restored::spread(tx, now, now + LONGEST, gap).await?;
    Ok(json!({
        "spread": spread,
        "over_minutes": (gap * i32::try_from(spread).unwrap_or(i32::MAX)).whole_minutes(),
    }))
}

/// Pause between two connections, for so many.
fn gap(connections: i64) -> Duration {
    let many = connections.max(1);
    let even = |whole: Duration| {
        Duration::milliseconds(i64::try_from(whole.whole_milliseconds()).unwrap_or(i64::MAX) / many)
    };
    Duration::milliseconds(LEAST_MS)
        .max(even(SHORTEST))
        .min(even(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_fleet_takes_ten_minutes_and_a_large_one_half_a_day() {
        assert_eq!(gap(0), SHORTEST);
        assert_eq!(gap(60), Duration::seconds(10));
        assert_eq!(gap(10_000), Duration::milliseconds(800));
        assert_eq!(gap(100_000), Duration::milliseconds(432));
    }
}
