//! "Report" of one tenant.

use tenantry::domain::report;
use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::fleet::Fleet;

#[tokio::test]
async fn a_month_is_shown_and_saved() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    fleet.connection(tenant, "active").await;
    let browser = app.login(Role::Viewer).await;
    let empty = browser.get("/tenants/alder/report").await;
    assert!(
        empty.text().contains("Nothing was counted"),
        "{}",
        empty.text()
    );
    while report::roll_up(&app.app.pool, &app.clock).await.unwrap() == 31 {}
    let page = browser.get("/tenants/alder/report").await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.texts(".figures dd")[0], "100 %");
    assert!(page.has("svg[role=img]"));
    let csv = browser.get(&page.attributes(".toolbar a", "href")[0]).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<_> = csv.body.lines().collect();
    assert!(
        lines[0].starts_with("day,worst_state,uptime_percent,"),
        "{}",
        lines[0]
    );
    assert!(lines[1].contains(",Valid,100.0000,"), "{}", lines[1]);
}

#[tokio::test]
async fn months_that_are_none_and_tenants_that_are_not_there() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    fleet.tenant("alder", "Alder Clinics").await;
    let browser = app.login(Role::Viewer).await;
    for month in ["2026-13", "yesterday"] {
        let page = browser
            .get(&format!("/tenants/alder/report?month={month}"))
            .await;
        assert_eq!(page.status, 400);
        assert!(page.text().contains("no such month"), "{}", page.text());
    }
    assert_eq!(
        browser
            .get("/tenants/alder/report?month=2020-01")
            .await
            .status,
        200
    );
    for path in ["/tenants/nobody/report", "/tenants/nobody/report.csv"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    assert_eq!(
        app.browser().get("/tenants/alder/report.csv").await.status,
        303
    );
}
