//! How Postgres read its tables while a test looked at pages: "no sequential scan of a large table" is asked of its own
//! statistics, so nothing need be known here of which statements a page sends.

use std::collections::BTreeMap;

use sqlx::PgPool;

/// Tables that grow with the fleet. A partition counts as its table.
const LARGE: &str = "tenants|tenant_status|tenant_tags|tenant_resources|tenant_snoozes|connections|tokens|refresh_schedule\
  |invitations|onboarding_flows|msal_errors(_\\d+)?|entra_calls|audit_events(_\\d+)?|audit_seals(_\\d+)?|validations";

/// Watches the sequential scans of large tables. Fill the tables and `analyze` them before.
pub struct Plans {
    pool: PgPool,
    before: BTreeMap<String, i64>,
}

impl Plans {
    /// Begin to watch; `pool` is a superuser's of the test's own database.
    pub async fn watch(pool: &PgPool) -> Self {
        flush(pool).await;
        Self {
            pool: pool.clone(),
            before: scans(pool).await,
        }
    }

    /// The large tables that were read from end to end since, with how often. The portal's connections are closed for it and
    /// open again by themselves.
    pub async fn sequential_scans(&self) -> BTreeMap<String, i64> {
        flush(&self.pool).await;
        let mut now = scans(&self.pool).await;
        for (table, scans) in &mut now {
            *scans -= self.before.get(table).copied().unwrap_or(0);
        }
        now.retain(|_, scans| *scans > 0);
        now
    }
}

async fn scans(pool: &PgPool) -> BTreeMap<String, i64> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select relname::text, coalesce(seq_scan, 0) from pg_stat_user_tables
         where schemaname = 'public' and relname ~ ('^(' || $1 || ')$') and pg_relation_size(relid) > 262144",
    )
    .bind(LARGE)
    .fetch_all(pool)
    .await
    .unwrap();
    rows.into_iter().collect()
}

/// A session hands in its statistics now and then, and for certain when it ends.
pub async fn flush(pool: &PgPool) {
    let mut others = 1_i64;
    while others > 0 {
        others = sqlx::query_scalar(
            "select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity
             where datname = current_database() and usename in ('portal_web', 'portal_keeper')",
        )
        .fetch_one(pool)
        .await
        .unwrap();
    }
    sqlx::query("select pg_stat_clear_snapshot()")
        .execute(pool)
        .await
        .unwrap();
}
