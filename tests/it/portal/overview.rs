//! A tenant's overview: state, next step, newest errors, calls to Microsoft.

use tenantry::domain::technician::Role;
use tenantry::keeper::message::{Reply, look};
use time::Duration;

use crate::support::app::TestApp;
use crate::support::fleet::{Failure, Fleet};

#[tokio::test]
async fn a_dead_connection_says_what_to_do_next() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    let connection = fleet.connection(tenant, "needs_consent").await;
    fleet.change(connection, "cause = 'expired_inactive'").await;
    for _ in 0..7 {
        fleet.error(tenant, Failure::default()).await;
    }
    let browser = app.login(Role::Technician).await;
    let page = browser.get("/tenants/alder").await;
    assert_eq!(page.status, 200, "{}", page.text());
    let text = page.text();
    assert!(text.contains("Expired 90 days idle"), "{text}");
    assert_eq!(
        page.attributes("main a.primary", "href"),
        ["/tenants/alder/invitations/new?from=overview"]
    );
    assert_eq!(
        page.texts("table.errors tbody tr").len(),
        5,
        "the newest five"
    );
}

#[tokio::test]
async fn calls_to_microsoft_are_listed_newest_first() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    for (minutes, operation) in [(10, "refresh"), (5, "organization")] {
        sqlx::query(
            "insert into entra_calls (tenant_id, at, operation, resource, http_status, outcome, duration_ms, correlation_id)
             values ($1, $2, $3, 'graph', 200, 'ok', 143, $4)",
        )
        .bind(tenant)
        .bind(fleet.now - Duration::minutes(minutes))
        .bind(operation)
        .bind(tenantry::clock::random_uuid())
        .execute(&fleet.pool)
        .await
        .unwrap();
    }
    let browser = app.login(Role::Viewer).await;
    let page = browser.get("/tenants/alder").await;
    assert_eq!(
        page.texts("td[data-label=Operation]"),
        ["organization", "refresh"]
    );
    assert!(page.text().contains("143 ms"));
    assert!(!page.has("main a.primary"), "a viewer starts nothing");
}

#[tokio::test]
async fn an_archived_tenant_stays_readable() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    fleet.change_tenant(tenant, "state = 'archived'").await;
    let browser = app.login(Role::Technician).await;
    let page = browser.get("/tenants/alder").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Archived"));
    assert_eq!(browser.get("/tenants/nobody").await.status, 404);
}

#[tokio::test]
async fn uptime_is_shown_day_by_day() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    let connection = fleet.connection(tenant, "active").await;
    fleet
        .change(
            connection,
            "state = 'needs_consent', state_since = state_since + interval '15 days'",
        )
        .await;
    let browser = app.login(Role::Viewer).await;
    let page = browser.get("/tenants/alder").await;
    let uptime = page.text_of(".figure");
    // The seconds of the test itself are lost time too.
    assert!(
        ["50.00 %", "49.99 %"].contains(&uptime.as_str()),
        "15 of 30 days since it was obtained: {uptime}"
    );
    assert_eq!(page.attributes(".uptime rect", "class").len(), 90);
    let count = |class: &str| page.attributes(&format!(".uptime rect.{class}"), "x").len();
    assert_eq!(
        count("fill-expired"),
        16,
        "also the day on which it was lost"
    );
    assert!(count("fill-valid") >= 14 && count("fill-none") >= 59);
    assert!(page.attributes(".uptime svg", "aria-label")[0].contains(&uptime));
}

#[tokio::test]
async fn what_comes_next_has_dates() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    let connection = fleet.connection(tenant, "active").await;
    fleet.expires(connection, Duration::days(60), "idle").await;
    fleet.invitation(tenant, Duration::days(3)).await;
    sqlx::query("insert into refresh_schedule (tenant_id, connection_id, next_refresh_at) values ($1, $2, $3)")
        .bind(tenant)
        .bind(connection)
        .bind(fleet.now + Duration::hours(5))
        .execute(&fleet.pool)
        .await
        .unwrap();
    let browser = app.login(Role::Viewer).await;
    let page = browser.get("/tenants/alder").await;
    assert_eq!(
        page.texts("[aria-labelledby=coming] li span:last-child"),
        [
            "Tokens are renewed.",
            "The invitation INV-1234 lapses.",
            "The authorisation ends: Limit of 90 idle days."
        ]
    );
}

#[tokio::test]
async fn lifetimes_are_observed_and_policies_read_by_the_button() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    let connection = fleet.connection(tenant, "active").await;
    let browser = app.login(Role::Technician).await;
    let page = browser.get("/tenants/alder").await;
    let card = page.text_of("[aria-labelledby=lifetimes]");
    assert!(
        card.contains("2 hours") && card.contains("Not read yet"),
        "{card}"
    );
    app.keeper.answer_next(
        "look",
        Reply::Looked(look::Answer::Policies {
            outcome: "not_permitted".into(),
        }),
    );
    let form = "[aria-labelledby=lifetimes] form";
    let page = browser.follow(browser.submit(&page, form, &[]).await).await;
    assert!(
        page.text().contains("Not permitted to read"),
        "{}",
        page.text()
    );
    sqlx::query("insert into lifetime_policies values ($1, 'read', $2, false, $3, $4)")
        .bind(tenant)
        .bind(serde_json::json!([{"name": "Four hours", "organization_default": true, "assigned": false,
            "access_token_s": 14_400, "readable": true}]))
        .bind(connection)
        .bind(fleet.now)
        .execute(&fleet.pool)
        .await
        .unwrap();
    let card = browser
        .get("/tenants/alder")
        .await
        .text_of("[aria-labelledby=lifetimes]");
    assert!(
        card.contains("Access tokens live 4 hours. default of the organisation"),
        "{card}"
    );
    let viewer = app.login(Role::Viewer).await;
    assert!(!viewer.get("/tenants/alder").await.has(form));
    let post = viewer.post("/tenants/alder/lifetime-policies", &[]).await;
    assert_eq!(post.status, 403);
}
