//! "Technicians": who has a login, and what owners and admins may do about it.

use tenantry::domain::technician::Role;
use tenantry::storage::TechnicianId;

use crate::support::app::TestApp;
use crate::support::browser::Browser;

const PAGE: &str = "/security/technicians";

async fn is_signed_in(browser: &Browser) -> bool {
    browser.get("/tenants").await.status == 200
}

/// An owner's browser, and somebody of another role with one.
async fn stage(role: Role) -> (TestApp, Browser, TechnicianId, Browser) {
    let app = TestApp::start().await;
    let owner = app.login(Role::Owner).await;
    let id = app.technician("sam@msp.example", role).await;
    let sam = app.browser_of(id).await;
    (app, owner, id, sam)
}

#[tokio::test]
async fn an_owner_adds_somebody_who_sets_the_password_by_the_link_shown_once() {
    let app = TestApp::start().await;
    let owner = app.login(Role::Owner).await;
    let fields = [
        ("name", "Sam Field"),
        ("email", "Sam@MSP.example"),
        ("role", "technician"),
    ];
    let added = owner.post(PAGE, &fields).await;
    assert_eq!(added.status, 200);
    assert_eq!(added.header("cache-control"), "no-store");
    let link = added.attributes("#login-link", "value")[0].clone();
    let list = owner.get(PAGE).await;
    assert!(list.text().contains("sam@msp.example"));
    assert!(list.text().contains("No password yet"));
    assert!(!list.body.contains("/login/link/"));
    let (_, path) = link.split_at(link.find("/login/link/").unwrap());
    let sam = app.browser();
    let password = [
        ("password", "a rather long sentence"),
        ("repeated", "a rather long sentence"),
    ];
    assert_eq!(sam.post(path, &password).await.status, 303);
    let login = [
        ("email", "sam@msp.example"),
        ("password", "a rather long sentence"),
    ];
    assert_eq!(sam.post("/login", &login).await.status, 303);
    assert!(!is_signed_in(&sam).await, "before the second factor");
    app.with_second_factor(&sam, "sam@msp.example").await;
    assert!(is_signed_in(&sam).await);
    let again = owner.post(PAGE, &fields).await;
    assert_eq!(again.status, 422);
    assert!(again.field_error("email").contains("has a login already"));
    assert_eq!(again.value("name"), "Sam Field");
}

#[tokio::test]
async fn what_was_typed_wrong_is_named_and_kept_and_nobody_is_added() {
    let app = TestApp::start().await;
    let owner = app.login(Role::Owner).await;
    let fields = [("name", " "), ("email", "sam"), ("role", "king")];
    let page = owner.post(PAGE, &fields).await;
    assert_eq!(page.status, 422);
    assert!(!page.field_error("name").is_empty());
    assert!(!page.field_error("email").is_empty());
    assert!(page.text().contains("Choose a role."));
    assert_eq!(page.value("email"), "sam");
    assert!(app.audit().await.is_empty());
}

#[tokio::test]
async fn another_role_counts_from_the_next_request_on() {
    let (app, owner, id, sam) = stage(Role::Technician).await;
    assert_eq!(sam.get("/tenants/new").await.status, 200);
    let act = format!("{PAGE}/{id}/role");
    let done = owner.post(&act, &[("role", "viewer")]).await;
    let page = owner.follow(done).await;
    assert!(page.text().contains("is now viewer"));
    assert_eq!(sam.get("/tenants/new").await.status, 403);
    assert_eq!(app.audit().await, ["technician.role_changed done"]);
}

#[tokio::test]
async fn logins_end_by_signing_out_everywhere_by_reset_and_by_disabling() {
    let (app, owner, id, sam) = stage(Role::Technician).await;
    assert!(is_signed_in(&sam).await);
    owner.post(&format!("{PAGE}/{id}/logout"), &[]).await;
    assert!(!is_signed_in(&sam).await);

    let sam = app.browser_of(id).await;
    let reset = owner.post(&format!("{PAGE}/{id}/reset"), &[]).await;
    assert!(reset.has("#login-link"));
    assert!(!is_signed_in(&sam).await);

    let sam = app.browser_of(id).await;
    owner.post(&format!("{PAGE}/{id}/disabling"), &[]).await;
    assert!(!is_signed_in(&sam).await);
    let refused = owner.post(&format!("{PAGE}/{id}/reset"), &[]).await;
    let page = owner.follow(refused).await;
    assert!(page.text().contains("Enable it first"));
    owner.post(&format!("{PAGE}/{id}/enabling"), &[]).await;
    let page = owner.get(&format!("{PAGE}/{id}")).await;
    assert!(page.has(".badge-pending"), "reset took the password away");
}

#[tokio::test]
async fn an_admin_neither_makes_nor_changes_an_owner_and_nobody_changes_themselves() {
    let (app, _, admin_id, admin) = stage(Role::Admin).await;
    let owner_id = app.technician("robin@msp.example", Role::Owner).await;
    let owner = app.browser_of(owner_id).await;
    let fields = [("name", "X"), ("email", "x@msp.example"), ("role", "owner")];
    assert_eq!(admin.post(PAGE, &fields).await.status, 422);
    for act in ["role", "reset", "disabling", "enabling", "logout"] {
        let fields = [("role", "viewer")];
        let on_owner = format!("{PAGE}/{owner_id}/{act}");
        assert_eq!(admin.post(&on_owner, &fields).await.status, 403, "{act}");
        assert_eq!(owner.post(&on_owner, &fields).await.status, 403, "{act}");
        let on_self = format!("{PAGE}/{admin_id}/{act}");
        assert_eq!(admin.post(&on_self, &fields).await.status, 403, "{act}");
    }
    let promotion = format!("{PAGE}/{admin_id}/role");
    assert_eq!(
        admin.post(&promotion, &[("role", "owner")]).await.status,
        403
    );
    let page = admin.get(&format!("{PAGE}/{owner_id}")).await;
    assert!(page.text().contains("Only an owner can change an owner."));
    assert!(!page.has(&format!("form[action^='{PAGE}']")));
    assert!(app.audit().await.is_empty());
}

#[tokio::test]
async fn others_see_nothing_of_it() {
    for role in [Role::Technician, Role::Viewer] {
        let (_app, _, id, sam) = stage(role).await;
        assert!(!sam.get("/tenants").await.body.contains(PAGE));
        for path in [
            PAGE.to_owned(),
            format!("{PAGE}/new"),
            format!("{PAGE}/{id}"),
        ] {
            assert_eq!(sam.get(&path).await.status, 403, "{path}");
        }
        assert_eq!(sam.post(PAGE, &[]).await.status, 403);
    }
    let app = TestApp::start().await;
    let owner = app.login(Role::Owner).await;
    for id in ["nobody", "019e2f00-0000-7000-8000-000000000000"] {
        assert_eq!(owner.get(&format!("{PAGE}/{id}")).await.status, 404);
        let act = format!("{PAGE}/{id}/disabling");
        assert_eq!(owner.post(&act, &[]).await.status, 404);
    }
}
