//! Without its audit entry no act is done: with a log that takes nothing, every changing request fails, says so, and the
//! database is as it was.

use std::collections::BTreeMap;

use sqlx::PgPool;
use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::fleet::Fleet;

/// Changing requests that would succeed, with their fields. To be replaced by the inventory of routes, with fields by route.
async fn requests(app: &TestApp) -> Vec<(String, Vec<(&'static str, String)>)> {
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let alder = fleet.tenant("alder", "Alder Clinics").await;
    fleet.connection(alder, "active").await;
    fleet.tenant("birch", "Birch & Sons").await;
    let other = app.technician("other@msp.example", Role::Technician).await;
    let text = |value: &str| value.to_owned();
    vec![
        (
            text("/tenants"),
            vec![
                ("short_name", text("cedar")),
                ("full_name", text("Cedar Group")),
                ("resources", text("graph")),
            ],
        ),
        (
            text("/tenants/alder/suspension"),
            vec![("reason", text("Asked for it"))],
        ),
        (text("/tenants/birch/archival"), vec![]),
        (
            text("/security/technicians"),
            vec![
                ("email", text("new@msp.example")),
                ("display_name", text("New One")),
                ("role", text("technician")),
            ],
        ),
        (
            format!("/security/technicians/{other}/role"),
            vec![("role", text("viewer"))],
        ),
        (format!("/security/technicians/{other}/reset"), vec![]),
        (format!("/security/technicians/{other}/disabling"), vec![]),
        (
            text("/tenants/alder/invitations"),
            vec![
                ("email", String::new()),
                ("expected_admin", text("admin@alder.example")),
            ],
        ),
        (
            text("/security/authentication-status/snooze"),
            vec![
                ("tenant", text("alder")),
                ("days", text("7")),
                ("reason", text("Holidays")),
            ],
        ),
    ]
}

/// Rows of each table, but those that only say that somebody looked.
async fn contents(pool: &PgPool) -> BTreeMap<String, String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
           and relname not in ('login_sessions', '_sqlx_migrations')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut all = BTreeMap::new();
    for table in tables {
        let sql = format!(
            "select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) from {table} t"
        );
        let sum = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(pool)
            .await
            .unwrap();
        all.insert(table, sum);
    }
    all
}

#[tokio::test]
async fn a_log_that_takes_nothing_stops_every_change() {
    let app = TestApp::start().await;
    let requests = requests(&app).await;
    let browser = app.login(Role::Owner).await;
    for sql in [
        "create function take_nothing() returns trigger language plpgsql as $$ begin raise exception 'disk full'; end $$",
        "create trigger take_nothing before insert on audit_events for each row execute function take_nothing()",
    ] {
        sqlx::raw_sql(sql).execute(&app.pool).await.unwrap();
    }
    let mut stopped = 0;
    for (path, fields) in &requests {
        let before = contents(&app.pool).await;
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let page = browser.post(path, &fields).await;
        assert_eq!(
            contents(&app.pool).await,
            before,
            "{path} changed something"
        );
        assert!(
            page.status >= 400 && page.status != 500,
            "{path}: {} {}",
            page.status,
            page.text()
        );
        if page.status == 503 {
            stopped += 1;
            assert!(
                page.text().contains("audit log cannot be written"),
                "{path}: {}",
                page.text()
            );
        }
    }
    assert!(
        stopped >= 6,
        "only {stopped} of {} came as far as the log",
        requests.len()
    );
    sqlx::raw_sql("drop trigger take_nothing on audit_events")
        .execute(&app.pool)
        .await
        .unwrap();
    let (path, fields) = &requests[1];
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let page = browser.post(path, &fields).await;
    assert!(page.status < 400, "{path} works again: {}", page.status);
}
