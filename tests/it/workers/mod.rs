//! What runs by itself, against a real database.

use std::time::Duration;

use tenantry::domain::technician::Role;
use tenantry::workers::{self, Driver};
use tokio_util::sync::CancellationToken;

use crate::support::app::TestApp;

/// Let every worker run once.
async fn all_once(app: &TestApp) -> Driver {
    let stop = CancellationToken::new();
    let driver = workers::start(&app.app, &stop);
    let all_ran = async {
        while driver.statuses().iter().any(|status| status.runs == 0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all_ran)
        .await
        .unwrap();
    stop.cancel();
    driver.finished().await;
    driver
}

async fn count(app: &TestApp, table: &'static str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
    sqlx::query_scalar(sql).fetch_one(&app.pool).await.unwrap()
}

#[tokio::test]
async fn each_works_with_the_portals_own_grants() {
    let app = TestApp::start().await;
    for status in all_once(&app).await.statuses() {
        assert_eq!(
            (status.failures, status.runs),
            (0, 1),
            "{}: {}",
            status.name,
            status.last_word
        );
    }
}

#[tokio::test]
async fn ended_sessions_and_forgotten_failures_are_deleted_and_others_stay() {
    let app = TestApp::start().await;
    app.login(Role::Owner).await;
    let failed = [("email", "robin@msp.example"), ("password", "guess")];
    app.browser().post("/login", &failed).await;
    app.advance(Duration::from_mins(10));
    all_once(&app).await;
    assert_eq!(
        (
            count(&app, "login_sessions").await,
            count(&app, "login_failures").await
        ),
        (1, 3),
        "counted for the account, the address and everybody"
    );
    app.advance(Duration::from_mins(21));
    all_once(&app).await;
    assert_eq!(
        (
            count(&app, "login_sessions").await,
            count(&app, "login_failures").await
        ),
        (0, 0)
    );
}

#[tokio::test]
async fn calls_are_kept_for_thirty_days() {
    let app = TestApp::start().await;
    sqlx::query("insert into tenants (id, short_name, full_name, created_at, state_since, updated_at) values ($1, 'acme', 'Acme', now(), now(), now())")
        .bind(tenantry::clock::ordered_uuid())
        .execute(&app.pool)
        .await
        .unwrap();
    for days in [0, 29, 31, 400] {
        sqlx::query(
            "insert into entra_calls (tenant_id, at, operation, outcome, duration_ms, correlation_id)
             select id, $1, 'refresh', 'ok', 120, gen_random_uuid() from tenants",
        )
        .bind(app.clock.now() - time::Duration::days(days))
        .execute(&app.pool)
        .await
        .unwrap();
    }
    all_once(&app).await;
    assert_eq!(count(&app, "entra_calls").await, 2);
}

#[tokio::test]
async fn errors_of_the_coming_year_have_their_own_tables() {
    let app = TestApp::start().await;
    app.advance(Duration::from_hours(24 * 200));
    all_once(&app).await;
    let month = (app.clock.now() + time::Duration::days(360)).date();
    let table = format!("msal_errors_{}{:02}", month.year(), u8::from(month.month()));
    let found: Option<String> = sqlx::query_scalar("select to_regclass($1)::text")
        .bind(&table)
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(found.as_deref(), Some(table.as_str()));
}

#[tokio::test]
async fn each_run_is_written_down_for_every_replica_to_see() {
    let app = TestApp::start().await;
    let driver = all_once(&app).await;
    let rows: Vec<(String, i64, i32)> =
        sqlx::query_as("select name, runs, failures from worker_runs order by name")
            .fetch_all(&app.pool)
            .await
            .unwrap();
    let mut names: Vec<_> = driver
        .statuses()
        .iter()
        .map(|s| s.name.to_owned())
        .collect();
    names.sort();
    let expected: Vec<_> = names.into_iter().map(|name| (name, 1, 0)).collect();
    assert_eq!(rows, expected);
    all_once(&app).await;
    let runs: Vec<i64> = sqlx::query_scalar("select distinct runs from worker_runs")
        .fetch_all(&app.pool)
        .await
        .unwrap();
    assert_eq!(runs, [2]);
}

/// Errors of the last `months` months, two a month; gives how many tables of months there are.
async fn errors_of_months(app: &TestApp, months: i32) {
    sqlx::query("insert into tenants (id, short_name, full_name, created_at, state_since, updated_at) values ($1, 'acme', 'Acme', now(), now(), now())")
        .bind(tenantry::clock::ordered_uuid())
        .execute(&app.pool)
        .await
        .unwrap();
    sqlx::query("select ensure_msal_error_partitions((now() - make_interval(months => $1))::date, now()::date)")
        .bind(months)
        .execute(&app.pool)
        .await
        .unwrap();
    sqlx::query(
        "insert into msal_errors (tenant_id, at, operation, category, class, message, raw)
         select t.id, date_trunc('month', now()) - make_interval(months => i), 'refresh', 'unknown', 'transient', '', ''
         from tenants t, generate_series($1, 0, -1) i, generate_series(1, 2)",
    )
    .bind(months)
    .execute(&app.pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn months_past_the_setting_are_dropped_and_what_is_kept_is_counted() {
    let app = TestApp::start_with(|app| app.keep_errors_months = Some(3)).await;
    errors_of_months(&app, 12).await;
    all_once(&app).await;
    assert_eq!(
        count(&app, "msal_errors").await,
        8,
        "this month and three before"
    );
    let folded: i64 = sqlx::query_scalar("select errors from msal_error_folds")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(folded, 8);
    let old = (app.clock.now() - time::Duration::days(300)).date();
    let table = format!("msal_errors_{}{:02}", old.year(), u8::from(old.month()));
    let left: Option<String> = sqlx::query_scalar("select to_regclass($1)::text")
        .bind(&table)
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(left, None, "the table is gone, not only its rows");
    assert_eq!(app.audit().await, ["msal_errors.dropped done"]);
}

#[tokio::test]
async fn nothing_is_dropped_for_ever_and_never_the_newest_weeks() {
    let app = TestApp::start_with(|app| app.keep_errors_months = None).await;
    errors_of_months(&app, 12).await;
    all_once(&app).await;
    assert_eq!(count(&app, "msal_errors").await, 26);
    // Whatever the portal asks, the database keeps the four weeks before the newest error.
    let dropped: i64 =
        sqlx::query_scalar("select errors from drop_msal_errors_before('2999-01-01')")
            .fetch_one(&app.app.pool)
            .await
            .unwrap();
    assert_eq!(dropped, 22, "all but this month and the one before");
    assert_eq!(count(&app, "msal_errors").await, 4);
}
