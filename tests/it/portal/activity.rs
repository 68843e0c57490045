//! "Activity": the timeline, and every call to Microsoft.

use tenantry::domain::technician::Role;
use tenantry::storage::TenantId;
use time::Duration;

use crate::support::app::TestApp;
use crate::support::fleet::{Failure, Fleet};

async fn stage() -> (TestApp, Fleet, TenantId) {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    (app, fleet, tenant)
}

async fn calls(fleet: &Fleet, tenant: TenantId, count: i32, operation: &str, outcome: &str) {
    sqlx::query(
        "insert into entra_calls (tenant_id, at, operation, resource, http_status, outcome, duration_ms, correlation_id, trace_id)
         select $1, $2 - n * interval '1 hour', $3, 'graph', 200, $4, n, gen_random_uuid(), 'trace-' || n
         from generate_series(1, $5) n",
    )
    .bind(tenant)
    .bind(fleet.now)
    .bind(operation)
    .bind(outcome)
    .bind(count)
    .execute(&fleet.pool)
    .await
    .unwrap();
}

async fn act(
    fleet: &Fleet,
    tenant: TenantId,
    age: Duration,
    action: &str,
    details: serde_json::Value,
) {
    sqlx::query(
        "insert into audit_events (at, tenant_id, actor_type, actor_name, action, details)
         values ($1, $2, 'technician', 'robin@msp.example', $3, $4)",
    )
    .bind(fleet.now - age)
    .bind(tenant)
    .bind(action)
    .bind(details)
    .execute(&fleet.pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn the_story_is_told_newest_first_with_routine_folded() {
    let (app, fleet, tenant) = stage().await;
    let connection = fleet.connection(tenant, "active").await;
    act(
        &fleet,
        tenant,
        Duration::hours(100),
        "invitation.created",
        serde_json::json!({"reference": "INV-1234"}),
    )
    .await;
    calls(&fleet, tenant, 40, "refresh", "ok").await;
    for _ in 0..17 {
        fleet.error(tenant, Failure::default()).await;
    }
    fleet
        .change(
            connection,
            "state = 'needs_consent', state_since = now() - interval '30 minutes', cause = 'password_changed'",
        )
        .await;
    let browser = app.login(Role::Viewer).await;
    let page = browser.get("/tenants/alder/activity").await;
    assert_eq!(page.status, 200, "{}", page.text());
    let titles = page.texts(".timeline strong");
    assert_eq!(
        titles,
        [
            "Expired",
            "Tokens renewed 40 times",
            "Password changed or sessions revoked, 17 times",
            "Invitation created",
            "Valid",
            "Not connected"
        ]
    );
    let text = page.text();
    assert!(
        text.contains("INV-1234") && text.contains("Password changed or sessions revoked."),
        "{text}"
    );
    assert!(
        !text.contains("customer_portal"),
        "visits are no part of the story"
    );
}

#[tokio::test]
async fn a_long_story_has_pages_that_tell_everything_once() {
    let (app, fleet, tenant) = stage().await;
    for n in 0..120 {
        let age = Duration::hours(200 - n);
        act(
            &fleet,
            tenant,
            age,
            "tenant.edited",
            serde_json::json!({"reason": format!("No {n}.")}),
        )
        .await;
    }
    let browser = app.login(Role::Technician).await;
    let (mut path, mut told) = ("/tenants/alder/activity".to_owned(), Vec::new());
    for _ in 0..3 {
        let page = browser.get(&path).await;
        told.extend(page.texts(".timeline li div p:nth-child(2)"));
        path = page
            .attributes("a[rel=next]", "href")
            .pop()
            .unwrap_or_default();
    }
    assert_eq!(path, "", "three pages of fifty hold it");
    let numbers: Vec<_> = told.iter().filter(|text| text.starts_with("No ")).collect();
    assert_eq!(numbers.len(), 120);
    assert_eq!(
        (numbers[0].as_str(), numbers[119].as_str()),
        ("No 119.", "No 0.")
    );
    let odd = browser.get("/tenants/alder/activity?before=99999999").await;
    assert_eq!(odd.status, 200, "a place that is none");
}

#[tokio::test]
async fn another_tenants_story_is_not_told() {
    let (app, fleet, tenant) = stage().await;
    let other = fleet.tenant("birch", "Birch & Sons").await;
    act(
        &fleet,
        other,
        Duration::hours(1),
        "tenant.suspended",
        serde_json::json!({}),
    )
    .await;
    calls(&fleet, other, 3, "refresh", "ok").await;
    let browser = app.login(Role::Owner).await;
    let page = browser.get("/tenants/alder/activity").await;
    assert_eq!(page.texts(".timeline strong"), ["Not connected"]);
    let page = browser.get("/tenants/alder/activity/calls").await;
    assert!(
        page.text().contains("was not asked anything"),
        "{}",
        page.text()
    );
    // An act of another tenant is no place in this one's story.
    let id: i64 = sqlx::query_scalar("select id from audit_events where tenant_id = $1")
        .bind(other)
        .fetch_one(&fleet.pool)
        .await
        .unwrap();
    let page = browser
        .get(&format!("/tenants/alder/activity?before={id}"))
        .await;
    assert!(
        page.text().contains("Nothing has happened yet"),
        "{}",
        page.text()
    );
    assert_eq!(browser.get("/tenants/nobody/activity").await.status, 404);
    let _ = tenant;
}

#[tokio::test]
async fn calls_are_filtered_and_paged() {
    let (app, fleet, tenant) = stage().await;
    calls(&fleet, tenant, 60, "refresh", "ok").await;
    calls(&fleet, tenant, 2, "refresh", "throttled").await;
    calls(&fleet, tenant, 3, "graph_me", "ok").await;
    let browser = app.login(Role::Viewer).await;
    let rows = ".stacked tbody tr";
    let first = browser.get("/tenants/alder/activity/calls").await;
    assert_eq!(first.texts(rows).len(), 50);
    let next = first.attributes("a[rel=next]", "href").pop().unwrap();
    let second = browser.get(&next).await;
    assert_eq!(second.texts(rows).len(), 15);
    assert!(!second.has("a[rel=next]"));
    let ids =
        |page: &crate::support::page::Page| page.texts("td[data-label=Ids] .mono:first-child");
    let mut all = ids(&first);
    all.extend(ids(&second));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 65, "each once");
    let failed = browser
        .get("/tenants/alder/activity/calls?operation=refresh&outcome=failed")
        .await;
    assert_eq!(failed.texts(rows).len(), 2);
    assert!(failed.text().contains("throttled"), "{}", failed.text());
    let none = browser
        .get("/tenants/alder/activity/calls?operation=graph_me&outcome=failed")
        .await;
    assert!(none.text().contains("fits the filter"), "{}", none.text());
    let odd = browser.get("/tenants/alder/activity/calls?after=x").await;
    assert_eq!(odd.texts(rows).len(), 50, "an odd place means the newest");
}

#[tokio::test]
async fn a_failed_call_leads_to_its_error() {
    let (app, fleet, tenant) = stage().await;
    let error = fleet.error(tenant, Failure::default()).await;
    calls(&fleet, tenant, 1, "refresh", "rejected").await;
    sqlx::query("update entra_calls set error_id = $1")
        .bind(error)
        .execute(&fleet.pool)
        .await
        .unwrap();
    let browser = app.login(Role::Viewer).await;
    let page = browser.get("/tenants/alder/activity/calls").await;
    let href = page.attributes("td[data-label=Outcome] a", "href");
    assert_eq!(href, [format!("/tenants/alder/msal-errors/{error}")]);
}
