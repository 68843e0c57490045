//! The Customer portal's frame: who may enter, that it is written down, for how long, and the way out.

use std::time::Duration;

use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
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
            "Mail to the customer",
            "MSAL errors",
            "Invitations",
            "Activity",
            "Automation",
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

/// Stay for so long, asking for a page every twenty minutes, so that the login does not end.
async fn stay(app: &TestApp, browser: &Browser, minutes: u64) {
    for _ in 0..minutes / 20 {
        app.advance(Duration::from_mins(20));
        browser.get("/tenants").await;
    }
    app.advance(Duration::from_mins(minutes % 20));
}

#[tokio::test]
async fn the_banner_says_how_long_the_visit_may_last() {
    let app = two_tenants().await;
    let browser = app.login(Role::Technician).await;
    let page = browser.get("/tenants/alder").await;
    assert!(page.text_of(".visit").contains("Ends in 60 min"));
    stay(&app, &browser, 45).await;
    let page = browser.get("/tenants/alder/activity").await;
    assert!(page.text_of(".visit").contains("Ends in 15 min"));
    let seconds = page.attributes(".visit [data-until=quiet]", "data-seconds");
    assert!((895..=900).contains(&seconds[0].parse::<i64>().unwrap()));
}

#[tokio::test]
async fn after_its_time_the_portal_is_entered_again_by_one_click() {
    let app = two_tenants().await;
    let browser = app.login(Role::Viewer).await;
    browser.get("/tenants/alder").await;
    stay(&app, &browser, 61).await;
    let over = browser.get("/tenants/alder/msal-errors?code=50173").await;
    assert_eq!(
        (over.status, over.text_of("h1").as_str()),
        (403, "Your visit has ended")
    );
    assert!(
        !over.text().contains("Alder"),
        "nothing of the customer is shown"
    );
    assert_eq!(visits(&app).await, ["customer_portal.entered alder"]);
    let entered = browser.submit(&over, "form[action$='/visit']", &[]).await;
    assert_eq!(
        entered.location.as_deref(),
        Some("/tenants/alder/msal-errors?code=50173"),
        "on where it ended"
    );
    assert_eq!(browser.follow(entered).await.status, 200);
    assert_eq!(
        visits(&app).await,
        [
            "customer_portal.entered alder",
            "customer_portal.entered alder"
        ]
    );
}

#[tokio::test]
async fn a_form_that_came_too_late_changes_nothing_and_is_sent_again_with_what_was_typed() {
    let app = two_tenants().await;
    let browser = app.login(Role::Technician).await;
    let page = browser
        .get("/tenants/alder/configuration/expiry-warning")
        .await;
    stay(&app, &browser, 61).await;
    let over = browser
        .submit(&page, "main form", &[("lead_days", "21")])
        .await;
    assert_eq!(over.status, 403);
    assert_eq!(lead_time(&app).await, None, "nothing was changed");
    let form = over.form("main form");
    assert!(
        form.values.contains(&("lead_days".into(), "21".into())),
        "{:?}",
        form.values
    );
    let done = browser.submit(&over, "main form", &[]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(lead_time(&app).await, Some(21));
    assert_eq!(
        visits(&app).await,
        [
            "customer_portal.entered alder",
            "customer_portal.entered alder",
            "tenant.lead_time_set alder"
        ]
    );
}

async fn lead_time(app: &TestApp) -> Option<i16> {
    sqlx::query_scalar("select expiring_lead_days from tenants where short_name = 'alder'")
        .fetch_one(&app.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn asking_to_enter_again_by_an_address_alone_does_not() {
    let app = two_tenants().await;
    let browser = app.login(Role::Technician).await;
    browser.get("/tenants/alder").await;
    stay(&app, &browser, 61).await;
    assert_eq!(browser.get("/tenants/alder?enter=again").await.status, 403);
    let elsewhere = [("next", "https://evil.example/")];
    let entered = browser.post("/tenants/alder/visit", &elsewhere).await;
    assert_eq!(entered.location.as_deref(), Some("/tenants/alder"));
    assert_eq!(browser.post("/tenants/nobody/visit", &[]).await.status, 404);
}

#[tokio::test]
async fn the_installation_decides_how_long_a_visit_lasts() {
    let app = TestApp::start_with(|app| app.visit = time::Duration::minutes(10)).await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    fleet.tenant("alder", "Alder Clinics").await;
    let browser = app.login(Role::Technician).await;
    browser.get("/tenants/alder").await;
    app.advance(Duration::from_mins(11));
    assert_eq!(browser.get("/tenants/alder").await.status, 403);
}

#[tokio::test]
async fn activity_tells_who_was_there_when_and_for_how_long() {
    let app = two_tenants().await;
    let one = app.login(Role::Technician).await;
    one.get("/tenants/alder").await;
    app.advance(Duration::from_mins(12));
    one.post("/tenants/alder/leave", &[]).await;
    let other = app.login(Role::Technician).await;
    other.get("/tenants/alder").await;
    app.advance(Duration::from_mins(5));
    other.get("/tenants/alder").await;
    app.advance(Duration::from_mins(25));
    other.get("/tenants/birch").await;
    let page = other.get("/tenants/alder/activity").await;
    let lines = page.texts("section[aria-labelledby=visits] tbody tr");
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].contains("so far"), "{lines:?}");
    assert!(
        lines[1].contains("30 minutes"),
        "until another tenant was entered: {lines:?}"
    );
    assert!(
        lines[2].contains("12 minutes") && lines[2].contains("Robin Marlow"),
        "{lines:?}"
    );
    let birch = other.get("/tenants/birch/activity").await;
    assert_eq!(
        birch
            .texts("section[aria-labelledby=visits] tbody tr")
            .len(),
        2
    );
}

#[tokio::test]
async fn whoever_closed_the_browser_stayed_until_the_last_page() {
    let app = two_tenants().await;
    let one = app.login(Role::Technician).await;
    one.get("/tenants/alder").await;
    app.advance(Duration::from_mins(7));
    one.get("/tenants/alder/activity").await;
    app.advance(Duration::from_hours(3));
    let other = app.login(Role::Technician).await;
    let page = other.get("/tenants/alder/activity").await;
    let lines = page.texts("section[aria-labelledby=visits] tbody tr");
    assert!(
        lines[1].contains("7 minutes, then the time ran out"),
        "{lines:?}"
    );
}
