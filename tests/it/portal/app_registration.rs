//! Who may enter an app registration for a tenant: nobody without a login, no viewer, and for no tenant but the one in the
//! address. What a technician enters is tried in `onboarding::live::own_app`.

use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::tenant;

const PAGE: &str = "/tenants/contoso/configuration/m365/app-registration";
const STEPS: [&str; 3] = ["own", "own/retry", "own/removal"];

#[tokio::test]
async fn it_is_for_those_who_may_change_the_tenant() {
    let app = TestApp::start().await;
    tenant::add(&app.pool, "contoso").await;
    let nobody = app.browser();
    let viewer = app.login(Role::Viewer).await;
    assert_eq!(nobody.get(PAGE).await.status, 303);
    for step in STEPS {
        let path = format!("{PAGE}/{step}");
        assert_ne!(nobody.post(&path, &[]).await.status, 200, "{step}");
        assert_eq!(viewer.post(&path, &[]).await.status, 403, "{step}");
    }
    assert!(app.keeper.asked().is_empty());
}

#[tokio::test]
async fn a_tenant_that_is_not_there_has_none() {
    let app = TestApp::start().await;
    let technician = app.login(Role::Technician).await;
    let absent = PAGE.replace("contoso", "fabrikam");
    assert_eq!(technician.get(&absent).await.status, 404);
    for step in STEPS {
        let path = format!("{absent}/{step}");
        assert_eq!(technician.post(&path, &[]).await.status, 404, "{step}");
    }
    assert!(app.keeper.asked().is_empty());
}
