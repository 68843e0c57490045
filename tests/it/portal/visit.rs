//! The Customer portal's frame: who may enter, that it is written down, and the way out.

use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::fleet::Fleet;

async fn two_tenants() -> TestApp {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    fleet.tenant("alder", "Alder Clinics").await;
    fleet.tenant("birch", "Birch & Sons").await;
    app
}

/// `action tenant` of each entry, oldest first.
async fn visits(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar(
        "select a.action || ' ' || t.short_name from audit_events a join tenants t on t.id = a.tenant_id order by a.id",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn sysadmin_leads_into_a_named_portal_with_a_way_out() {
    let app = two_tenants().await;
    let browser = app.login(Role::Technician).await;
    let list = browser.get("/tenants?q=birch").await;
    let way = list.attributes(".row-actions a[aria-label='SysAdmin of birch']", "href");
    let page = browser.get(&way[0]).await;
    assert_eq!(page.status, 200);
    let banner = page.text_of(".visit");
    assert!(
        banner.contains("Birch & Sons") && banner.contains("birch"),
        "{banner}"
    );
    assert_eq!(
        page.texts("nav[aria-label='Customer portal'] a"),
        [
            "Overview",
            "M365 Configuration",
            "Expiry warning",
            "MSAL errors",
            "Invitations",
            "Activity",
            "Report"
        ]
    );
    let out = browser.submit(&page, ".visit form", &[]).await;
    assert_eq!(out.location.as_deref(), Some("/tenants"));
}

#[tokio::test]
async fn entering_is_written_down_once_per_visit() {
    let app = two_tenants().await;
    let browser = app.login(Role::Technician).await;
    for path in [
        "/tenants/alder",
        "/tenants/alder/configuration/m365",
        "/tenants/alder/msal-errors",
    ] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
    assert_eq!(visits(&app).await, ["customer_portal.entered alder"]);
    browser.get("/tenants/birch").await;
    browser.get("/tenants/alder").await;
    assert_eq!(
        visits(&app).await[1..],
        [
            "customer_portal.entered birch",
            "customer_portal.entered alder"
        ]
    );
}

#[tokio::test]
async fn the_entry_says_who_and_from_where() {
    let app = two_tenants().await;
    let browser = app.login(Role::Admin).await;
    browser.get("/tenants/alder").await;
    let (kind, name, ip): (String, String, String) =
        sqlx::query_as("select actor_type, actor_name, ip from audit_events")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!(kind, "technician");
    assert!(name.starts_with("admin-"), "{name}");
    assert_eq!(ip, "127.0.0.1");
}

#[tokio::test]
async fn leaving_ends_the_visit() {
    let app = two_tenants().await;
    let browser = app.login(Role::Technician).await;
    browser.get("/tenants/alder").await;
    browser.post("/tenants/alder/leave", &[]).await;
    browser.get("/tenants/alder").await;
    assert_eq!(
        visits(&app).await,
        [
            "customer_portal.entered alder",
            "customer_portal.left alder",
            "customer_portal.entered alder"
        ]
    );
}

#[tokio::test]
async fn leaving_where_nobody_is_changes_nothing() {
    let app = two_tenants().await;
    let browser = app.login(Role::Technician).await;
    browser.get("/tenants/birch").await;
    let out = browser.post("/tenants/alder/leave", &[]).await;
    assert_eq!(out.location.as_deref(), Some("/tenants"));
    assert_eq!(visits(&app).await, ["customer_portal.entered birch"]);
    assert_eq!(browser.post("/tenants/nobody/leave", &[]).await.status, 404);
}

#[tokio::test]
async fn a_viewer_may_look_and_leave() {
    let app = two_tenants().await;
    let browser = app.login(Role::Viewer).await;
    let page = browser.get("/tenants/alder").await;
    assert_eq!(page.status, 200);
    let out = browser.submit(&page, ".visit form", &[]).await;
    assert_eq!(out.location.as_deref(), Some("/tenants"));
    assert_eq!(
        visits(&app).await,
        [
            "customer_portal.entered alder",
            "customer_portal.left alder"
        ]
    );
}

#[tokio::test]
async fn nobody_enters_without_signing_in_or_where_nothing_is() {
    let app = two_tenants().await;
    let page = app.browser().get("/tenants/alder").await;
    assert_eq!(
        page.location.as_deref(),
        Some("/login?next=%2Ftenants%2Falder")
    );
    let browser = app.login(Role::Owner).await;
    for name in ["nobody", "Alder", "%3Cscript%3E", "alder%20"] {
        assert_eq!(
            browser.get(&format!("/tenants/{name}")).await.status,
            404,
            "{name}"
        );
    }
    assert!(visits(&app).await.is_empty());
}

#[tokio::test]
async fn another_session_is_another_visit() {
    let app = two_tenants().await;
    for browser in [
        app.login(Role::Technician).await,
        app.login(Role::Technician).await,
    ] {
        browser.get("/tenants/alder").await;
    }
    assert_eq!(visits(&app).await.len(), 2);
}
