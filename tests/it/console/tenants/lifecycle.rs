//! Suspending, resuming, archiving and restoring.

use tenantry::domain::technician::Role;
use tenantry::storage::TenantId;

use super::{HOSTILE, Stage};
use crate::support::page::Page;

/// Address, the state before, the state after, what the audit log says.
const STEPS: [(&str, &str, &str, &str); 5] = [
    ("suspension", "active", "suspended", "tenant.suspended done"),
    ("resumption", "suspended", "active", "tenant.resumed done"),
    ("archival", "active", "archived", "tenant.archived done"),
    ("archival", "suspended", "archived", "tenant.archived done"),
    ("restoration", "archived", "active", "tenant.restored done"),
];

impl Stage {
    /// A tenant in this state.
    async fn in_state(state: &str) -> (Self, TenantId) {
        let stage = Self::empty().await;
        let tenant = stage.fleet.tenant("alder", "Alder Clinics").await;
        let set = format!("state = '{state}', state_reason = 'before'");
        stage.fleet.change_tenant(tenant, &set).await;
        (stage, tenant)
    }

    async fn answer(&self, step: &str, reason: &str) -> Page {
        let page = self.get(&format!("/tenants/alder/{step}")).await;
        self.browser
            .submit(&page, "dialog form", &[("reason", reason)])
            .await
    }
}

#[tokio::test]
async fn each_step_asks_then_acts_and_is_written_down() {
    for (step, before, after, entry) in STEPS {
        let (stage, tenant) = Stage::in_state(before).await;
        let edit = stage.get("/tenants/alder/edit").await;
        let offered = edit.attributes("section .actions a", "href");
        assert!(
            offered.contains(&format!("/tenants/alder/{step}")),
            "{offered:?}"
        );
        let answer = stage.answer(step, "").await;
        assert_eq!(answer.status, 303, "{step}");
        assert_eq!(stage.column(tenant, "state").await, after, "{step}");
        assert_eq!(stage.column(tenant, "state_reason").await, "", "{step}");
        assert_eq!(stage.app.audit().await, [entry]);
        let list = stage.browser.follow(answer).await;
        assert!(
            list.text_of("main [role=status]")
                .starts_with("Alder Clinics is "),
            "{step}"
        );
    }
}

#[tokio::test]
async fn asking_changes_nothing() {
    let (stage, _) = Stage::in_state("active").await;
    let before = stage.everything().await;
    let page = stage.get("/tenants/alder/suspension").await;
    assert!(page.text().contains("after 90 idle days"));
    assert_eq!(
        page.attributes("dialog a[data-close]", "href"),
        ["/tenants/alder/edit"]
    );
    assert_eq!(stage.everything().await, before);
    assert!(stage.app.audit().await.is_empty());
}

#[tokio::test]
async fn a_reason_is_kept_shown_and_written_down() {
    let (stage, tenant) = Stage::in_state("active").await;
    assert_eq!(
        stage
            .answer("suspension", "  unpaid since May ")
            .await
            .status,
        303
    );
    assert_eq!(
        stage.column(tenant, "state_reason").await,
        "unpaid since May"
    );
    assert_eq!(
        stage.details("tenant.suspended").await["reason"],
        "unpaid since May"
    );
    let edit = stage.get("/tenants/alder/edit").await;
    assert!(edit.text().contains("unpaid since May"));
}

#[tokio::test]
async fn a_reason_that_does_not_fit_is_refused_and_kept() {
    let (stage, _) = Stage::in_state("active").await;
    let before = stage.everything().await;
    for (reason, says) in [
        ("x".repeat(501), "500"),
        ("two\nlines".to_owned(), "one line"),
        ("a\0b".to_owned(), "control characters"),
        ("a\u{202e}b".to_owned(), "invisible"),
    ] {
        let fields = [("reason", reason.as_str())];
        let page = stage.browser.post("/tenants/alder/archival", &fields).await;
        assert_eq!(page.status, 422, "{reason:?}");
        assert!(page.field_error("reason").contains(says), "{reason:?}");
        // A browser reads what is no character as a mark of that.
        assert_eq!(page.value("reason"), reason.replace('\0', "\u{fffd}"));
    }
    assert_eq!(stage.everything().await, before);
    assert!(stage.app.audit().await.is_empty());
}

#[tokio::test]
async fn a_hostile_reason_is_only_text() {
    let (stage, _) = Stage::in_state("active").await;
    assert_eq!(stage.answer("suspension", HOSTILE).await.status, 303);
    let edit = stage.get("/tenants/alder/edit").await;
    assert!(edit.text().contains(HOSTILE));
    assert!(!edit.has("main script") && !edit.has("main img"));
}

#[tokio::test]
async fn a_step_that_does_not_fit_is_refused() {
    for (step, state) in [
        ("suspension", "suspended"),
        ("suspension", "archived"),
        ("resumption", "active"),
        ("resumption", "archived"),
        ("archival", "archived"),
        ("restoration", "active"),
        ("restoration", "suspended"),
    ] {
        let (stage, _) = Stage::in_state(state).await;
        let before = stage.everything().await;
        let address = format!("/tenants/alder/{step}");
        assert_eq!(
            stage.browser.get(&address).await.status,
            409,
            "{step} of {state}"
        );
        assert_eq!(
            stage.browser.post(&address, &[]).await.status,
            409,
            "{step} of {state}"
        );
        assert_eq!(stage.everything().await, before);
        assert!(stage.app.audit().await.is_empty());
    }
}

#[tokio::test]
async fn only_technicians_who_may_change_can() {
    let (stage, _) = Stage::in_state("active").await;
    let before = stage.everything().await;
    let viewer = stage.app.login(Role::Viewer).await;
    for (step, ..) in STEPS {
        let address = format!("/tenants/alder/{step}");
        assert_eq!(viewer.get(&address).await.status, 403);
        assert_eq!(viewer.post(&address, &[]).await.status, 403);
        let nobody = stage.app.browser().post(&address, &[]).await;
        assert_eq!(nobody.location.as_deref(), Some("/login"));
        let absent = format!("/tenants/nobody/{step}");
        assert_eq!(stage.browser.get(&absent).await.status, 404);
        assert_eq!(stage.browser.post(&absent, &[]).await.status, 404);
    }
    assert_eq!(stage.everything().await, before);
}
