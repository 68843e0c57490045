//! `alert_totals`, and what waits: for the metrics.

use time::OffsetDateTime;

use crate::domain::op::Op;

/// Figures of deliveries.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    /// Attempts by outcome: `delivered`, `failed`, `given_up`.
    pub outcomes: Vec<(String, u64)>,
    /// Since when the oldest message that is due waits.
    pub oldest_pending: Option<OffsetDateTime>,
    pub open_alerts: i64,
}

pub async fn add(op: &mut Op, outcome: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into alert_totals as t (outcome, count) values ($1, 1)
         on conflict (outcome) do update set count = t.count + 1",
        outcome
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Everything at once.
pub async fn sums(op: &mut Op) -> Result<Sums, sqlx::Error> {
    let rows = sqlx::query!("select outcome, count from alert_totals order by outcome")
        .fetch_all(op.db())
        .await?;
    let now = op.now();
    let rest = sqlx::query!(
        r#"select (select min(d.created_at) from alert_deliveries d join alert_channels c on c.id = d.channel_id
               where d.state = 'pending' and c.state <> 'off' and (d.next_at <= $1 or d.attempts > 0)) as oldest,
             (select count(*) from alerts where closed_at is null) as "open!""#,
        now
    )
    .fetch_one(op.db())
    .await?;
    Ok(Sums {
        outcomes: rows
            .into_iter()
            .map(|row| (row.outcome, row.count.unsigned_abs()))
            .collect(),
        oldest_pending: rest.oldest,
        open_alerts: rest.open,
    })
}
