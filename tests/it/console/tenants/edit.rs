//! Changing a tenant.

use tenantry::domain::technician::Role;
use tenantry::storage::TenantId;

use super::{HOSTILE, Stage};
use crate::support::page::Page;

const FORM: &str = "form[data-tenant]";

impl Stage {
    async fn with_alder() -> (Self, TenantId) {
        let stage = Self::empty().await;
        let tenant = stage.fleet.tenant("alder", "Alder Clinics").await;
        stage.fleet.tag(tenant, "gold").await;
        (stage, tenant)
    }

    async fn save(&self, changes: &[(&str, &str)]) -> Page {
        let page = self.get("/tenants/alder/edit").await;
        self.browser.submit(&page, FORM, changes).await
    }
}

#[tokio::test]
async fn the_form_shows_what_is_stored() {
    let (stage, _) = Stage::with_alder().await;
    let page = stage.get("/tenants/alder/edit").await;
    assert_eq!(page.value("short_name"), "alder");
    assert_eq!(page.value("full_name"), "Alder Clinics");
    assert_eq!(page.value("domain"), "alder.example");
    assert_eq!(page.value("admin_username"), "admin@alder.example");
    assert_eq!(page.value("tags"), "gold");
    assert_eq!(
        page.attributes(".resource input[checked]", "value"),
        ["required", "required", "off", "optional"]
    );
    assert!(
        stage.app.audit().await.is_empty(),
        "to administer is no visit"
    );
}

#[tokio::test]
async fn what_was_changed_is_stored_and_told() {
    let (stage, tenant) = Stage::with_alder().await;
    let answer = stage
        .save(&[
            ("short_name", "alder-uk"),
            ("tags", "silver"),
            ("resource_teams", "optional"),
            ("admin_username", ""),
        ])
        .await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let list = stage.browser.follow(answer).await;
    assert_eq!(
        list.text_of("main [role=status]"),
        "Alder Clinics was saved."
    );
    assert!(list.text().contains("alder-uk"));
    assert_eq!(stage.column(tenant, "admin_username").await, "");
    assert_eq!(
        stage.details("tenant.edited").await["changed"],
        serde_json::json!(["short_name", "admin_username", "tags", "resources"])
    );
    assert_eq!(
        stage.browser.get("/tenants/alder/edit").await.status,
        404,
        "the old name is free"
    );
}

#[tokio::test]
async fn from_the_overview_it_goes_back_there() {
    let (stage, _) = Stage::with_alder().await;
    let overview = stage.get("/tenants/alder").await;
    let edit = overview.attributes(".page-head a", "href")[0].clone();
    let page = stage.get(&edit).await;
    let answer = stage
        .browser
        .submit(&page, FORM, &[("short_name", "alder-uk")])
        .await;
    assert_eq!(answer.location.as_deref(), Some("/tenants/alder-uk"));
}

#[tokio::test]
async fn a_hand_made_way_back_leads_to_the_list() {
    let (stage, _) = Stage::with_alder().await;
    let answer = stage.save(&[("from", "https://evil.example/")]).await;
    assert_eq!(answer.location.as_deref(), Some("/tenants"));
}

#[tokio::test]
async fn bad_input_changes_nothing_and_stays_in_the_form() {
    let (stage, _) = Stage::with_alder().await;
    stage.fleet.tenant("birch", "Birch").await;
    let before = stage.everything().await;
    for (field, typed) in [
        ("short_name", ""),
        ("short_name", "birch"),
        ("short_name", HOSTILE),
        ("full_name", "a\u{202e}b"),
        ("domain", "https://x"),
        ("invitation_email", "x"),
        ("admin_username", "x@y"),
        ("tags", "<b>"),
    ] {
        let page = stage.save(&[(field, typed)]).await;
        assert_eq!(page.status, 422, "{field} {typed}");
        assert_eq!(page.value(field), typed);
        assert_ne!(page.field_error(field), "");
        assert!(page.text().contains("Nothing was saved yet"));
    }
    let page = stage
        .save(&[("resource_graph", "off"), ("resource_exchange", "off")])
        .await;
    assert_ne!(page.field_error("resources"), "");
    assert_eq!(stage.everything().await, before);
    assert!(stage.app.audit().await.is_empty());
}

#[tokio::test]
async fn saving_its_own_short_name_is_no_conflict_and_no_change() {
    let (stage, _) = Stage::with_alder().await;
    let before = stage.get("/tenants/alder/edit").await.value("version");
    assert_eq!(stage.save(&[]).await.status, 303);
    let after = stage.get("/tenants/alder/edit").await.value("version");
    assert_eq!(before, after, "a form that is open elsewhere still saves");
    let told = stage.app.audit().await;
    assert!(!told.contains(&"tenant.edited done".to_owned()), "{told:?}");
}

#[tokio::test]
async fn an_older_form_does_not_overwrite_a_newer_tenant() {
    let (stage, tenant) = Stage::with_alder().await;
    let mine = stage.get("/tenants/alder/edit").await;
    assert_eq!(
        stage.save(&[("domain", "theirs.example")]).await.status,
        303
    );
    let page = stage
        .browser
        .submit(&mine, FORM, &[("full_name", "Mine")])
        .await;
    assert_eq!(page.status, 409);
    assert!(page.text().contains("Somebody else changed this tenant"));
    assert_eq!(page.value("full_name"), "Mine");
    assert_eq!(stage.column(tenant, "domain").await, "theirs.example");
    // Whoever has read that may go on.
    let answer = stage
        .browser
        .submit(&page, FORM, &[("domain", "mine.example")])
        .await;
    assert_eq!(answer.status, 303);
    assert_eq!(stage.column(tenant, "domain").await, "mine.example");
}

#[tokio::test]
async fn an_archived_tenant_is_restored_first() {
    let (stage, tenant) = Stage::with_alder().await;
    let mine = stage.get("/tenants/alder/edit").await;
    stage
        .fleet
        .change_tenant(tenant, "state = 'archived'")
        .await;
    let page = stage.get("/tenants/alder/edit").await;
    assert!(!page.has(FORM));
    assert!(page.text().contains("Restore it to change it"));
    assert_eq!(stage.browser.submit(&mine, FORM, &[]).await.status, 409);
}

#[tokio::test]
async fn absent_is_absent() {
    let (stage, _) = Stage::with_alder().await;
    for name in ["nobody", "Alder", "a%20b", "%3Cscript%3E", "..%2Falder"] {
        let page = stage.browser.get(&format!("/tenants/{name}/edit")).await;
        assert_eq!(page.status, 404, "{name}");
        let page = stage
            .browser
            .post(&format!("/tenants/{name}/edit"), &[])
            .await;
        assert_eq!(page.status, 404, "{name}");
    }
}

#[tokio::test]
async fn a_viewer_may_not() {
    let (stage, _) = Stage::with_alder().await;
    let before = stage.everything().await;
    let mine = stage.get("/tenants/alder/edit").await;
    let browser = stage.app.login(Role::Viewer).await;
    assert_eq!(browser.get("/tenants/alder/edit").await.status, 403);
    assert_eq!(
        browser
            .submit(&mine, FORM, &[("full_name", "X")])
            .await
            .status,
        403
    );
    assert_eq!(stage.everything().await, before);
}

#[tokio::test]
async fn nobody_may_without_signing_in() {
    let (stage, _) = Stage::with_alder().await;
    let before = stage.everything().await;
    let page = stage.app.browser().get("/tenants/alder/edit").await;
    assert_eq!(
        page.location.as_deref(),
        Some("/login?next=%2Ftenants%2Falder%2Fedit")
    );
    let page = stage
        .app
        .browser()
        .post("/tenants/alder/edit", &[("full_name", "X")])
        .await;
    assert_eq!(page.location.as_deref(), Some("/login"));
    assert_eq!(stage.everything().await, before);
}
