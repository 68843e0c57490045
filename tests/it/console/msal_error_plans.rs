//! "MSAL errors" over many errors: every list, filter and search is read by an index, whatever Postgres chooses for few rows.

use sqlx::AssertSqlSafe;
use tenantry::domain::diagnosis::Category;
use tenantry::domain::msal_error::{self, Filter, From};
use tenantry::domain::op::{Actor, Op, Scope};
use tenantry::storage::{MsalErrorId, TenantId};
use time::Duration;

use crate::support::app::TestApp;
use crate::support::plans::flush;

/// So many that reading all of them is what Postgres avoids.
const ERRORS: i32 = 40_000;

/// Four hundred tenants with errors of the two months before this one: how many a month has does not follow the day on which
/// the test runs, and so neither does what Postgres chooses.
async fn planted() -> TestApp {
    let app = TestApp::start().await;
    for sql in [
        "insert into tenants (id, short_name, full_name, created_at, state_since, updated_at)
         select md5('t' || i)::uuid, 'tenant' || i, 'Customer number ' || i, now(), now(), now() from generate_series(1, 400) i"
            .to_owned(),
        "select ensure_msal_error_partitions((now() - interval '100 days')::date, now()::date)".to_owned(),
        format!(
            "insert into msal_errors (tenant_id, at, resource, operation, error, code, category, class, message, raw,
               trace_id, correlation_id)
             select md5('t' || 1 + i % 400)::uuid, date_trunc('month', now()) - interval '60 days' * (1 - (i - 1) / {ERRORS}.0),
               (array['graph', 'exchange', 'azure'])[1 + i % 3], 'refresh', 'invalid_grant', 50000 + i % 40,
               (array['password_changed', 'mfa_required', 'unknown', 'expired_inactive'])[1 + i % 4], 'rejected',
               'AADSTS' || 50000 + i % 40 || ': words that many errors say', 'raw ' || md5('r' || i), md5('t' || i)::uuid,
               md5('c' || i)::uuid
             from generate_series(1, {ERRORS}) i"
        ),
        "analyze".to_owned(),
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(&app.pool).await.unwrap();
    }
    app
}

/// Rows of `msal_errors` and its partitions that were read without an index so far, by this database's own count.
async fn read_in_sequence(app: &TestApp) -> i64 {
    sqlx::query_scalar(
        "select coalesce(sum(seq_tup_read), 0)::bigint from pg_stat_user_tables where relname ~ '^msal_error'",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap()
}

/// The same once the sessions of the portal have handed in what they read.
async fn counted(app: &TestApp) -> i64 {
    flush(&app.pool).await;
    read_in_sequence(app).await
}

/// What was read since, in three pages. A month of few errors may be read whole, where that is cheaper; all three pages
/// without an index would be three times the record.
async fn by_index(app: &TestApp, so_far: i64, what: &str) -> i64 {
    let now = counted(app).await;
    let read = now - so_far;
    assert!(
        read < i64::from(ERRORS / 2),
        "{read} rows were read without an index: {what}"
    );
    now
}

async fn begin(app: &TestApp) -> Op {
    Op::begin(&app.app.pool, &app.clock, Actor::Command("test"))
        .await
        .unwrap()
}

#[tokio::test]
async fn no_list_reads_the_whole_record() {
    let app = planted().await;
    let now = app.clock.now();
    let tenant: uuid::Uuid = sqlx::query_scalar("select md5('t7')::uuid")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    let correlation: String = sqlx::query_scalar("select md5('c77')::uuid::text")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    let search = |text: &str| Filter {
        search: text.to_owned(),
        ..Filter::default()
    };
    let mut so_far = counted(&app).await;
    let filters = [
        Filter::default(),
        Filter {
            tenant: Some(TenantId::from(tenant)),
            ..Filter::default()
        },
        Filter {
            code: Some(50_007),
            resource: Some("azure".into()),
            ..Filter::default()
        },
        Filter {
            cause: Some(Category::PasswordChanged),
            from: Some(now - Duration::days(40)),
            until: Some(now - Duration::days(39)),
            ..Filter::default()
        },
        search(&correlation),
        search("AADSTS50013"),
        search("number 77"),
        search("nothing says this"),
        search("12345"),
    ];
    for filter in &filters {
        for from in [
            From::Newest,
            From::OlderThan(MsalErrorId(20_000)),
            From::NewerThan(MsalErrorId(20_000)),
        ] {
            let mut op = begin(&app).await;
            let page = msal_error::list(&mut op, Scope::all(), filter, from, 50)
                .await
                .unwrap();
            assert!(page.rows.len() <= 50);
            if filter.search.is_empty() {
                msal_error::folds(&mut op, Scope::all(), filter, from, 50)
                    .await
                    .unwrap();
            }
        }
        so_far = by_index(&app, so_far, &format!("{filter:?}")).await;
    }
    let mut op = begin(&app).await;
    let error = msal_error::find(&mut op, Scope::all(), MsalErrorId(30_000))
        .await
        .unwrap()
        .unwrap();
    msal_error::neighbours(&mut op, Scope::all(), &error, 60)
        .await
        .unwrap();
    msal_error::fold_of(&mut op, Scope::all(), &error)
        .await
        .unwrap();
    msal_error::alike(&mut op, Scope::all(), &error, 20)
        .await
        .unwrap();
    drop(op);
    by_index(&app, so_far, "one error").await;
}
