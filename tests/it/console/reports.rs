//! "Reports" of all tenants.

use tenantry::domain::report;
use tenantry::domain::technician::Role;
use time::Duration;

use crate::support::app::TestApp;
use crate::support::fleet::Fleet;

#[tokio::test]
async fn the_least_available_come_first() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let good = fleet.tenant("alder", "Alder Clinics").await;
    fleet.connection(good, "active").await;
    let bad = fleet.tenant("birch", "Birch & Sons").await;
    let dead = fleet.connection(bad, "active").await;
    sqlx::query("update connections set state = 'needs_consent', cause = 'mfa_required', state_since = $2 where id = $1")
        .bind(dead)
        .bind(fleet.now - Duration::days(2))
        .execute(&fleet.pool)
        .await
        .unwrap();
    fleet.tenant("cedar", "=Cedar, Inc").await;
    while report::roll_up(&app.app.pool, &app.clock).await.unwrap() == 31 {}
    let browser = app.login(Role::Viewer).await;
    let month = (fleet.now - Duration::days(1)).date();
    let month = format!("{:04}-{:02}", month.year(), u8::from(month.month()));
    let page = browser
        .get(&format!("/monitoring/reports?month={month}"))
        .await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(
        page.texts("td[data-label=Tenant] a"),
        ["Birch & Sons", "Alder Clinics", "=Cedar, Inc"],
        "nothing counted comes last"
    );
    let causes = page.text();
    assert!(causes.contains("Multi-factor sign-in needed"), "{causes}");
    let way = &page.attributes("td[data-label=Tenant] a", "href")[0];
    assert_eq!(way, &format!("/tenants/birch/report?month={month}"));
    assert_eq!(browser.get(way).await.status, 200);
    let csv = browser.get(&page.attributes(".toolbar a", "href")[0]).await;
    let lines: Vec<_> = csv.body.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[1].starts_with("birch,Birch & Sons,"), "{}", lines[1]);
    assert!(
        lines[3].starts_with("cedar,\"'=Cedar, Inc\",,"),
        "{}",
        lines[3]
    );
}

#[tokio::test]
async fn an_empty_installation_says_so() {
    let app = TestApp::start().await;
    let browser = app.login(Role::Owner).await;
    let page = browser.get("/monitoring/reports").await;
    assert!(
        page.text().contains("Nothing was counted"),
        "{}",
        page.text()
    );
    assert_eq!(browser.get("/monitoring/reports?month=x").await.status, 400);
    assert_eq!(app.browser().get("/monitoring/reports").await.status, 303);
}
