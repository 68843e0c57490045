//! The samples, read for charts.

use sqlx::postgres::types::PgInterval;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::CauseRow;
use crate::domain::connection::ShownState;
use crate::domain::diagnosis::Category;
use crate::domain::op::Op;
use crate::domain::operations::history::Sums;
use crate::domain::operations::{Latency, StatePoint};
use crate::storage::Inconsistent;

/// One point a step: the first sample in it.
pub async fn states(
    op: &mut Op,
    since: OffsetDateTime,
    step: Duration,
) -> Result<Vec<StatePoint>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select s.at, s.state, s.tenants
           from (select distinct on (date_bin($2, at, 'epoch')) at from refresh_samples where at >= $1
             order by date_bin($2, at, 'epoch'), at) k
           join status_samples s on s.at = k.at order by s.at"#,
        since,
        interval(step)
    )
    .fetch_all(op.db())
    .await?;
    let mut points: Vec<StatePoint> = Vec::new();
    for row in rows {
        let place = ShownState::ALL
            .iter()
            .position(|state| state.as_str() == row.state)
            .ok_or(Inconsistent::new("status_samples", "state", Uuid::nil()))?;
        if points.last().is_none_or(|point| point.at != row.at) {
            points.push(StatePoint {
                at: row.at,
                tenants: [0; ShownState::ALL.len()],
            });
        }
        if let Some(count) = points
            .last_mut()
            .and_then(|point| point.tenants.get_mut(place))
        {
            *count = row.tenants;
        }
    }
    Ok(points)
}

pub async fn sums(
    op: &mut Op,
    since: OffsetDateTime,
    step: Duration,
) -> Result<Vec<Sums>, sqlx::Error> {
    let rows = sqlx::query!(
        "select distinct on (date_bin($2, at, 'epoch')) at, due, overdue, answered, refused, durations
         from refresh_samples where at >= $1 order by date_bin($2, at, 'epoch'), at",
        since,
        interval(step)
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Sums {
            at: row.at,
            due: row.due,
            overdue: row.overdue,
            answered: row.answered,
            refused: row.refused,
            durations: Latency(row.durations),
        })
        .collect())
}

pub async fn causes(
    op: &mut Op,
    since: OffsetDateTime,
) -> Result<Vec<(Category, i64)>, sqlx::Error> {
    let rows = sqlx::query_as!(
        CauseRow,
        r#"select category, sum(errors)::bigint as "errors!" from error_hours where hour >= $1
           group by category order by 2 desc, 1"#,
        since
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows.into_iter().map(CauseRow::read).collect())
}

fn interval(step: Duration) -> PgInterval {
    PgInterval {
        months: 0,
        days: 0,
        microseconds: i64::try_from(step.whole_microseconds()).unwrap_or(i64::MAX),
    }
}
