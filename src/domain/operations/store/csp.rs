//! SQL of reports about the content policy.

use crate::domain::op::Op;

/// So many more of this directive.
pub async fn count(op: &mut Op, directive: &str, n: i64) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "insert into csp_reports as r (directive, reports, last_at) values ($1, $2, $3)
         on conflict (directive) do update set reports = r.reports + $2, last_at = greatest(r.last_at, $3)",
        directive,
        n,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Reports ever, by directive.
pub async fn totals(op: &mut Op) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let rows = sqlx::query!("select directive, reports from csp_reports order by directive")
        .fetch_all(op.db())
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.directive, row.reports))
        .collect())
}
