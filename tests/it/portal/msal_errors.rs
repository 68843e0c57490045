//! "MSAL errors" inside one tenant: its own and no other's.

use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::fleet::{Failure, Fleet};

#[tokio::test]
async fn only_this_tenants_errors_are_listed_and_found() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let alder = fleet.tenant("alder", "Alder Clinics").await;
    let birch = fleet.tenant("birch", "Birch & Sons").await;
    let own = fleet.error(alder, Failure::default()).await;
    let foreign = fleet.error(birch, Failure::default()).await;
    let browser = app.login(Role::Technician).await;

    // The tenant of the address counts, whatever the query says.
    for query in ["", "?tenant=birch"] {
        let page = browser
            .get(&format!("/tenants/alder/msal-errors{query}"))
            .await;
        assert_eq!(
            page.texts("td[data-label=Id]"),
            [own.to_string()],
            "{query}"
        );
        assert!(!page.has("td[data-label=Tenant]"));
    }
    let page = browser
        .get(&format!("/tenants/alder/msal-errors/{own}"))
        .await;
    assert_eq!(page.status, 200);
    let page = browser
        .get(&format!("/tenants/alder/msal-errors/{foreign}"))
        .await;
    assert_eq!(page.status, 404);
    let page = browser.get("/tenants/nobody/msal-errors").await;
    assert_eq!(page.status, 404);
}

#[tokio::test]
async fn an_export_holds_no_other_tenants_errors() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let alder = fleet.tenant("alder", "Alder Clinics").await;
    let birch = fleet.tenant("birch", "Birch & Sons").await;
    let own = fleet.error(alder, Failure::default()).await;
    fleet.error(birch, Failure::default()).await;
    let browser = app.login(Role::Viewer).await;
    for query in ["", "?tenant=birch", "?fold=equal"] {
        let file = browser
            .get(&format!("/tenants/alder/msal-errors/export.jsonl{query}"))
            .await;
        let ids: Vec<String> = file
            .body
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].to_string())
            .collect();
        assert_eq!(ids, [own.to_string()], "{query}");
    }
    let folded = browser.get("/tenants/alder/msal-errors?fold=equal").await;
    assert_eq!(folded.texts("td[data-label='Last Id']"), [own.to_string()]);
    let absent = browser.get("/tenants/nobody/msal-errors/export.csv").await;
    assert_eq!(absent.status, 404);
}
