//! "Expiry warning": the lead of one tenant, and what is expected of its connection.

use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::Fleet;

const PAGE: &str = "/tenants/alder/configuration/expiry-warning";

struct Stage {
    app: TestApp,
    fleet: Fleet,
    browser: Browser,
}

impl Stage {
    async fn new(role: Role) -> Self {
        let app = TestApp::start().await;
        let fleet = Fleet::new(&app.db, app.clock.now()).await;
        let browser = app.login(role).await;
        let tenant = fleet.tenant("alder", "Alder Clinics").await;
        fleet.connection(tenant, "active").await;
        Self {
            app,
            fleet,
            browser,
        }
    }

    async fn stored(&self) -> Option<i16> {
        sqlx::query_scalar("select expiring_lead_days from tenants")
            .fetch_one(&self.fleet.pool)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn a_lead_is_stored_audited_and_cleared() {
    let stage = Stage::new(Role::Technician).await;
    let page = stage.browser.get(PAGE).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.value("lead_days"), "");
    assert!(
        page.text().contains("Limit of 90 idle days"),
        "{}",
        page.text()
    );
    let page = stage.browser.post(PAGE, &[("lead_days", "30")]).await;
    let page = stage.browser.follow(page).await;
    assert!(page.text().contains("shown as Expiring 30 days ahead"));
    assert_eq!(page.value("lead_days"), "30");
    assert_eq!(stage.stored().await, Some(30));
    stage.browser.post(PAGE, &[("lead_days", "")]).await;
    assert_eq!(stage.stored().await, None);
    let acts: i64 = sqlx::query_scalar(
        "select count(*) from audit_events where action = 'tenant.lead_time_set'",
    )
    .fetch_one(&stage.fleet.pool)
    .await
    .unwrap();
    assert_eq!(acts, 2);
    drop(stage.app);
}

#[tokio::test]
async fn what_is_no_number_of_days_is_told_and_kept() {
    let stage = Stage::new(Role::Technician).await;
    for wrong in ["0", "91", "soon"] {
        let page = stage.browser.post(PAGE, &[("lead_days", wrong)]).await;
        assert_eq!(page.status, 422);
        assert_eq!(page.value("lead_days"), wrong);
        assert!(page.field_error("lead_days").contains("from 1 to 90"));
    }
    assert_eq!(stage.stored().await, None);
}

#[tokio::test]
async fn a_viewer_sees_it_and_changes_nothing() {
    let stage = Stage::new(Role::Viewer).await;
    let page = stage.browser.get(PAGE).await;
    assert_eq!(page.status, 200);
    assert!(!page.has("form[action$=expiry-warning]"));
    let page = stage.browser.post(PAGE, &[("lead_days", "7")]).await;
    assert_eq!(page.status, 403);
    assert_eq!(stage.stored().await, None);
}
