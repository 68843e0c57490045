//! "Operations": the fleet over time, renewals, failures, incidents, breakers, keepers, workers, mail and database.

use sqlx::AssertSqlSafe;
use tenantry::domain::op::{Actor, Op};
use tenantry::domain::operations;
use tenantry::domain::technician::Role;
use time::Duration;
use uuid::Uuid;

use crate::support::app::TestApp;
use crate::support::fleet::{Failure, Fleet};

const OPERATIONS: &str = "/monitoring/operations";

async fn run(app: &TestApp, sql: &str) {
    sqlx::query(AssertSqlSafe(sql.to_owned()))
        .execute(&app.pool)
        .await
        .unwrap();
}

async fn sample(app: &TestApp) -> bool {
    let mut op = Op::begin(&app.app.pool, &app.clock, Actor::Worker("samples"))
        .await
        .unwrap();
    let taken = operations::take_sample(&mut op).await.unwrap();
    op.commit().await.unwrap();
    taken
}

#[tokio::test]
async fn an_empty_installation_says_what_will_stand_here() {
    let app = TestApp::start().await;
    let browser = app.login(Role::Viewer).await;
    let page = browser.get(OPERATIONS).await;
    assert_eq!(page.status, 200);
    for words in [
        "The first look at the fleet is taken within a minute",
        "None so far.",
        "There is too little to draw yet",
        "No failure was recorded",
        "no token is renewed",
        "None has ever held requests back",
        "None has run yet",
        "No mail server is set up",
        "PostgreSQL",
    ] {
        assert!(page.text().contains(words), "{words}");
    }
    assert_eq!(
        page.text_of("nav [aria-current=page]"),
        "Operations",
        "the navigation leads here"
    );
    assert_eq!(app.browser().get(OPERATIONS).await.status, 303);
}

#[tokio::test]
async fn samples_make_the_history() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let alder = fleet.tenant("alder", "Alder Clinics").await;
    fleet.tenant("birch", "Birch & Sons").await;
    fleet.connection(alder, "active").await;
    fleet.error(alder, Failure::default()).await;
    run(
        &app,
        "insert into refresh_schedule (tenant_id, connection_id, next_refresh_at)
         select tenant_id, id, now() - interval '1 hour' from connections",
    )
    .await;
    assert!(sample(&app).await);
    assert!(!sample(&app).await, "one sample a minute, whoever takes it");
    app.advance(std::time::Duration::from_mins(10));
    run(
        &app,
        "insert into call_totals (operation, outcome, calls, seconds, durations)
         values ('refresh', 'ok', 100, 9, '{0,100,0,0,0,0,0,0,0,0}'), ('refresh', 'refused', 20, 1, '{20}')",
    )
    .await;
    assert!(sample(&app).await);

    let browser = app.login(Role::Technician).await;
    let page = browser.get(&format!("{OPERATIONS}?range=6h")).await;
    let tiles = page.texts(".tile");
    let tile = |label: &str| {
        let found = tiles.iter().find(|tile| tile.contains(label));
        found
            .unwrap_or_else(|| panic!("{label} in {tiles:?}"))
            .clone()
    };
    assert!(tile("Overdue renewals").contains("1 due of 1"));
    assert!(tile("Renewals a minute").contains("10.0") || tile("Renewals a minute").contains("9."));
    assert!(tile("Oldest unexercised token").contains("alder"));
    let charts = page.attributes(".chart svg", "aria-label");
    assert_eq!(charts.len(), 5);
    assert!(charts[0].contains("Valid 1") && charts[0].contains("Not connected 1"));
    assert!(
        charts[3].contains("Refused or failed 2") || charts[3].contains("Refused or failed 1.")
    );
    assert!(page.texts(".bars li")[0].contains("Password changed or sessions revoked"));
    assert_eq!(page.text_of(".chip[aria-current=true]"), "6 hours");
    for range in ["2d", "30d", "1y", "odd"] {
        let page = browser.get(&format!("{OPERATIONS}?range={range}")).await;
        assert_eq!(page.status, 200, "{range}");
    }
}

#[tokio::test]
async fn old_samples_are_thinned_and_sums_never_fall() {
    let app = TestApp::start().await;
    run(
        &app,
        "insert into refresh_samples (at, connections, due, overdue, answered, refused, durations)
         select date_trunc('day', now()) - make_interval(mins => 10 * i), 0, 0, 0, 0, 0, '{}' from generate_series(1, 144 * 120) i;",
    )
    .await;
    run(
        &app,
        "insert into status_samples select at, 'valid', 1 from refresh_samples",
    )
    .await;
    run(
        &app,
        "insert into error_hours values (now() - interval '500 days', 'unknown', 3), (now() - interval '501 days', 'unknown', 4),
           (now(), 'unknown', 5)",
    )
    .await;
    for _ in 0..2 {
        let mut op = Op::begin(&app.app.pool, &app.clock, Actor::Worker("old samples"))
            .await
            .unwrap();
        operations::delete_old(&mut op).await.unwrap();
        op.commit().await.unwrap();
    }
    for table in ["status_samples", "refresh_samples"] {
        let count = |condition: &'static str| {
            let sql = format!("select count(*) from {table} where {condition}");
            let pool = app.pool.clone();
            async move {
                sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql))
                    .fetch_one(&pool)
                    .await
                    .unwrap()
            }
        };
        let hours = "at < now() - interval '3 days' and at >= now() - interval '13 days'";
        assert_eq!(count(hours).await, 240, "{table}: one an hour");
        let days = "at < now() - interval '95 days' and at >= now() - interval '105 days'";
        assert_eq!(count(days).await, 10, "{table}: one a day");
        let minutes = "at >= now() - interval '1 day'";
        assert!(count(minutes).await >= 1, "{table}");
    }
    let sums: Vec<i64> = sqlx::query_scalar("select errors from error_hours order by hour")
        .fetch_all(&app.pool)
        .await
        .unwrap();
    assert_eq!(sums, [7, 5]);
}

#[tokio::test]
async fn breakers_keepers_workers_and_mail_are_shown() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let alder = fleet.tenant("alder", "Alder Clinics").await;
    run(
        &app,
        "insert into breakers (name, times, shut_until) values ('authority', 2, now() + interval '40 seconds'),
           ('app:0f8fad5b-d9cb-469f-a165-70867728950e:credential', 0, null)",
    )
    .await;
    run(
        &app,
        "insert into keepers (id, seen_at, in_flight, waiting) values (gen_random_uuid(), now(), 7, 42),
           (gen_random_uuid(), now() - interval '3 hours', 0, 0)",
    )
    .await;
    run(
        &app,
        "insert into worker_runs (name, about, period_s, runs, failed_runs, failures, last_run_at, duration_ms, last_word)
         values ('calls', 'Deletes calls', 3600, 9, 2, 2, now(), 12, 'the database does not answer'),
           ('sessions', 'Deletes sessions', 300, 9, 0, 0, now() - interval '1 hour', 12, 'done')",
    )
    .await;
    let mut op = Op::begin(&app.app.pool, &app.clock, Actor::Command("test"))
        .await
        .unwrap();
    operations::record_mail(
        &mut op,
        Some(alder),
        "invitation",
        "the mail server refused",
    )
    .await
    .unwrap();
    op.commit().await.unwrap();

    let browser = app.login(Role::Technician).await;
    let page = browser.get(OPERATIONS).await;
    let text = page.text();
    for words in [
        "Microsoft's sign-in service",
        "Holds requests back, 2 times in a row; tries again in",
        "with its credential",
        "Requests pass",
        "Silent",
        "42",
        "Failed 2 times in a row",
        "the database does not answer",
        "Late",
        "the mail server refused",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
}

#[tokio::test]
async fn open_alerts_are_counted_and_lead_to_their_page() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let alder = fleet.tenant("alder", "Alder Clinics").await;
    let birch = fleet.tenant("birch", "Birch & Sons").await;
    for (tenant, severity, more) in [
        (alder, "urgent", "null, null"),
        (alder, "warning", "now() + interval '1 day', null"),
        (birch, "warning", "null, null"),
        (birch, "warning", "null, now()"),
    ] {
        let sql = format!(
            "insert into alerts (id, tenant_id, event, severity, began_at, opened_at, snoozed_until, closed_at)
             values (gen_random_uuid(), '{tenant}', 'expired', '{severity}', now(), now(), {more})"
        );
        run(&app, &sql).await;
    }
    let browser = app.login(Role::Viewer).await;
    let page = browser.get(OPERATIONS).await;
    let tiles = page.texts(".tile");
    let tile = tiles.iter().find(|tile| tile.contains("Open alerts"));
    let tile = tile.expect("the tile is there");
    assert!(
        tile.contains('3') && tile.contains("1 urgent, 2 warning, 1 of them snoozed"),
        "{tile}"
    );
    let links = page.attributes(".tile a", "href");
    let href = links.iter().find(|href| href.contains("alerts"));
    let page = browser.get(href.expect("it leads somewhere")).await;
    assert_eq!(
        page.texts("section[aria-labelledby=open-title] td[data-label=What]")
            .len(),
        3
    );

    let kim = app.technician("kim@msp.example", Role::Technician).await;
    run(
        &app,
        &format!(
            "insert into technician_limits (technician_id, kind, tags, tenants, updated_at)
             values ('{kim}', 'only', '{{}}', '{{{birch}}}', now())"
        ),
    )
    .await;
    let page = app.browser_of(kim).await.get(OPERATIONS).await;
    let tiles = page.texts(".tile");
    assert!(
        tiles
            .iter()
            .any(|tile| tile.contains("Open alerts") && tile.contains("1 warning")),
        "of their tenants alone: {tiles:?}"
    );
    assert!(!page.has("#channels"), "messages are about any tenant");
}

#[tokio::test]
async fn the_channels_of_alerts_are_shown_by_kind() {
    let app = TestApp::start().await;
    for (state, failing) in [
        ("active", "null"),
        ("active", "now()"),
        ("disabled", "now()"),
    ] {
        run(
            &app,
            &format!(
                "insert into alert_channels (id, name, kind, state, state_since, failing_since, last_ok_at, created_at)
                 values (gen_random_uuid(), gen_random_uuid()::text, 'webhook', '{state}', now(), {failing},
                   now() - interval '2 hours', now())"
            ),
        )
        .await;
    }
    run(
        &app,
        "insert into alert_deliveries (id, channel_id, step, content, created_at, next_at, state, attempts)
         select gen_random_uuid(), c.id, 'told', '{}', now(), now(), d.state, d.attempts
         from alert_channels c, (values ('pending', 0), ('pending', 2), ('failed', 9), ('delivered', 1)) d (state, attempts)
         where c.kind = 'webhook' and c.state = 'disabled'",
    )
    .await;
    let page = app.login(Role::Viewer).await.get(OPERATIONS).await;
    let rows = page.texts("section[aria-labelledby=channels] tbody tr");
    let webhook = rows.iter().find(|row| row.contains("Webhook")).unwrap();
    for words in ["Trouble with 2 of 3", "2 hours ago", " 3", " 2"] {
        assert!(webhook.contains(words), "{words} in {webhook}");
    }
    let owners = rows.iter().find(|row| row.contains("owners")).unwrap();
    assert!(owners.contains("Good"), "{owners}");
}

#[tokio::test]
async fn an_incident_has_a_page_with_its_tenants_and_what_to_do() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let alder = fleet.tenant("alder", "Alder Clinics").await;
    fleet.tenant("birch", "Birch & Sons").await;
    fleet.connection(alder, "suspect").await;
    let [open, over] = [Uuid::from_u128(1), Uuid::from_u128(2)];
    for (id, kind, cause, closed) in [
        (open, "mass", "mass:x:50076", None),
        (over, "authority", "authority", Some(Duration::hours(1))),
    ] {
        sqlx::query(
            "insert into incidents (id, kind, cause, code, opened_at, last_seen_at, holds_until, closed_at)
             values ($1, $2, $3, 50076, $4, $4, $4, $5)",
        )
        .bind(id)
        .bind(kind)
        .bind(cause)
        .bind(fleet.now - Duration::hours(2))
        .bind(closed.map(|ago| fleet.now - ago))
        .execute(&app.pool)
        .await
        .unwrap();
    }
    sqlx::query("insert into incident_tenants (tenant_id, incident_id) values ($1, $2)")
        .bind(alder)
        .bind(open)
        .execute(&app.pool)
        .await
        .unwrap();
    let browser = app.login(Role::Viewer).await;
    let list = browser.get(OPERATIONS).await;
    let links = list.attributes("td[data-label=Incident] a", "href");
    assert_eq!(
        links,
        [open, over].map(|id| format!("{OPERATIONS}/incidents/{id}")),
        "open ones first"
    );
    let page = browser.get(&links[0]).await;
    let text = page.text();
    for words in [
        "Many customers are refused for the same reason",
        "Who acts",
        "AADSTS50076",
        "Opened, 2 hours ago",
        "Alder Clinics",
        "Retrying",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(!text.contains("Birch"));
    let page = browser.get(&links[1]).await;
    assert!(page.text().contains("Over, 1 hour ago"));
    for odd in ["abc", "00000000-0000-0000-0000-000000000009"] {
        let page = browser.get(&format!("{OPERATIONS}/incidents/{odd}")).await;
        assert_eq!(page.status, 404, "{odd}");
    }
}
