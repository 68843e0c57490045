//! What is true at this moment: the newest sample, breakers, keepers, workers, the database itself, the sums of calls.

use std::time::Duration;

use crate::domain::op::Op;
use crate::domain::operations::{
    Breaker, BreakerKind, Calls, Database, KeeperLife, Oldest, Present, Run, WorkerRun,
};

pub async fn newest_sample(op: &mut Op) -> Result<Present, sqlx::Error> {
    let row = sqlx::query!(
        r#"select s.at, s.connections, s.due, s.overdue, s.oldest_at, t.id as "tenant_id?", t.short_name as "short_name?",
             t.full_name as "full_name?", s.oldest_resource
           from refresh_samples s left join tenants t on t.id = s.oldest_tenant_id
           order by s.at desc limit 1"#
    )
    .fetch_optional(op.db())
    .await?;
    let Some(row) = row else {
        return Ok(Present::default());
    };
    let named = row.tenant_id.zip(row.short_name).zip(row.full_name);
    let oldest = row
        .oldest_at
        .zip(named)
        .map(|(at, ((id, short_name), full_name))| Oldest {
            at,
            tenant_id: id.into(),
            short_name,
            full_name,
            resource: row.oldest_resource.unwrap_or_default(),
        });
    Ok(Present {
        sampled_at: Some(row.at),
        connections: row.connections,
        due: row.due,
        overdue: row.overdue,
        oldest,
        ..Present::default()
    })
}

/// Those that are shut first.
pub async fn breakers(op: &mut Op) -> Result<Vec<Breaker>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select name, times, greatest(0, coalesce(extract(epoch from shut_until - now()), 0))::bigint as "shut_for_s!",
             greatest(0, extract(epoch from now() - turned_at))::bigint as "turned_ago_s!"
           from breakers order by times = 0, turned_at desc"#
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            Some(Breaker {
                kind: BreakerKind::parse(&row.name)?,
                times: row.times,
                shut_for_s: row.shut_for_s,
                turned_ago_s: row.turned_ago_s,
            })
        })
        .collect())
}

pub async fn keepers(op: &mut Op) -> Result<Vec<KeeperLife>, sqlx::Error> {
    sqlx::query_as!(
        KeeperLife,
        r#"select left(id::text, 8) as "name!", greatest(0, extract(epoch from now() - started_at))::bigint as "up_for_s!",
             greatest(0, extract(epoch from now() - seen_at))::bigint as "seen_ago_s!", in_flight, waiting
           from keepers where seen_at > now() - interval '1 day' order by seen_at desc, id"#
    )
    .fetch_all(op.db())
    .await
}

pub async fn database(op: &mut Op) -> Result<Database, sqlx::Error> {
    sqlx::query_as!(
        Database,
        r#"select split_part(current_setting('server_version'), ' ', 1) as "version!", size_bytes as "size_bytes!",
             connections as "connections!", max_connections as "max_connections!", oldest_transaction_s,
             replicas as "replicas!", replica_lag_s
           from database_vitals()"#
    )
    .fetch_one(op.db())
    .await
}

pub async fn record_run(op: &mut Op, run: &Run) -> Result<(), sqlx::Error> {
    let failed = i64::from(run.failures > 0);
    sqlx::query!(
        "insert into worker_runs as w (name, about, period_s, runs, failed_runs, failures, last_run_at, last_good_at,
           duration_ms, last_word)
         values ($1, $2, $3, 1, $4::bigint, $5, $6::timestamptz, case when $4::bigint = 0 then $6::timestamptz end, $7, $8)
         on conflict (name) do update
         set about = excluded.about, period_s = excluded.period_s, runs = w.runs + 1,
           failed_runs = w.failed_runs + excluded.failed_runs, failures = excluded.failures,
           last_run_at = excluded.last_run_at, last_good_at = coalesce(excluded.last_good_at, w.last_good_at),
           duration_ms = excluded.duration_ms, last_word = excluded.last_word",
        run.name,
        run.about,
        i32::try_from(run.period.as_secs()).unwrap_or(i32::MAX),
        failed,
        i32::try_from(run.failures).unwrap_or(i32::MAX),
        run.ended_at,
        i64::try_from(run.duration.as_millis()).unwrap_or(i64::MAX),
        run.word
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub async fn worker_runs(op: &mut Op) -> Result<Vec<WorkerRun>, sqlx::Error> {
    let rows = sqlx::query!(
        "select name, about, period_s, runs, failed_runs, failures, last_run_at, last_good_at, duration_ms, last_word
         from worker_runs order by name"
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| WorkerRun {
            name: row.name,
            about: row.about,
            period: Duration::from_secs(u64::try_from(row.period_s).unwrap_or_default()),
            runs: row.runs,
            failed_runs: row.failed_runs,
            failures: row.failures,
            last_run_at: row.last_run_at,
            last_good_at: row.last_good_at,
            duration: Duration::from_millis(u64::try_from(row.duration_ms).unwrap_or_default()),
            last_word: row.last_word,
        })
        .collect())
}

pub async fn calls(op: &mut Op) -> Result<Vec<Calls>, sqlx::Error> {
    sqlx::query_as!(
        Calls,
        "select operation, outcome, calls, seconds, durations from call_totals order by operation, outcome"
    )
    .fetch_all(op.db())
    .await
}

/// Errors ever recorded, by cause.
pub async fn errors(op: &mut Op) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select category, sum(errors)::bigint as "errors!" from error_hours group by category order by category"#
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.category, row.errors))
        .collect())
}

/// Tenants by state in the newest sample.
pub async fn states(op: &mut Op) -> Result<Vec<(String, i32)>, sqlx::Error> {
    let rows = sqlx::query!(
        "select state, tenants from status_samples where at = (select max(at) from refresh_samples) order by state"
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.state, row.tenants))
        .collect())
}

/// Incidents that are open, by kind.
pub async fn open_incidents(op: &mut Op) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select kind, count(*) as "n!" from incidents where closed_at is null group by kind order by kind"#
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows.into_iter().map(|row| (row.kind, row.n)).collect())
}

/// Letters that are still on record, sent and not.
pub async fn letters(op: &mut Op) -> Result<Vec<(String, bool, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select kind, sent, count(*) as "n!" from mail_deliveries where at > $1 group by 1, 2 order by 1, 2"#,
        op.now() - time::Duration::days(1)
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.kind, row.sent, row.n))
        .collect())
}

/// Invitations that are open.
pub async fn open_invitations(op: &mut Op) -> Result<i64, sqlx::Error> {
    let now = op.now();
    sqlx::query_scalar!(
        r#"select count(*) as "n!" from invitations where state = 'open' and expires_at > $1"#,
        now
    )
    .fetch_one(op.db())
    .await
}
