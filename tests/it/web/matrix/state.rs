//! What the database holds, in one number: a refused request must leave it as it was.

use sqlx::{AssertSqlSafe, PgPool};

/// Tables that a refused request may write to: what was refused is written down, who asks has a session, workers work.
const OWN_LIFE: [&str; 6] = [
    "audit_",
    "login_sessions",
    "login_failures",
    "request_limits",
    "visits",
    "worker_runs",
];

/// A digest of every row of every other table.
pub async fn fingerprint(pool: &PgPool) -> String {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
           and not c.relispartition order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut digests = Vec::new();
    for table in tables {
        if OWN_LIFE.iter().any(|own| table.starts_with(own)) {
            continue;
        }
        let digest: Option<String> = sqlx::query_scalar(AssertSqlSafe(format!(
            "select md5(string_agg(md5(t::text), ',' order by md5(t::text))) from {table} t"
        )))
        .fetch_one(pool)
        .await
        .unwrap();
        digests.push(format!("{table}={}", digest.unwrap_or_default()));
    }
    digests.join("\n")
}
