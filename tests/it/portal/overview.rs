//! A tenant's overview: state, next step, newest errors, calls to Microsoft.

use tenantry::domain::technician::Role;
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
