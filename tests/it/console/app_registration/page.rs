//! What the page shows, to whom.

use tenantry::domain::technician::Role;

use super::{PAGE, SECRET_FORM, Stage};
use crate::support::app::TestApp;
use crate::support::keeper::SECRET;

#[tokio::test]
async fn it_shows_what_is_stored_and_what_to_enter_at_microsoft() {
    let stage = Stage::new().await;
    let page = stage.page().await;
    assert_eq!(page.status, 200);
    let text = page.text();
    for expected in [
        "Tenantry (tests)",
        &stage.world.client_id.to_string(),
        "1 connection",
        "…ests In use",
        "Directory.Read.All",
        "US Government (DoD)Not served here",
        "Global (also GCC)Served by this installation.",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let uri = page.attributes("#redirect-uri", "value").remove(0);
    assert!(uri.ends_with("/onboarding/return"), "{uri}");
    assert!(page.has("[data-copy='#redirect-uri']"));
    assert!(!page.body.contains(SECRET));
}

#[tokio::test]
async fn without_a_registration_it_asks_for_one() {
    let app = TestApp::start().await;
    let owner = app.login(Role::Owner).await;
    let page = owner.get(PAGE).await;
    assert!(page.text().contains("No app registration yet"));
    assert!(page.has("input[name=client_id]"));
    let viewer = app.login(Role::Viewer).await;
    let page = viewer.get(PAGE).await;
    assert!(page.text().contains("An owner or admin can enter it."));
    assert!(!page.has("main form"));
    let nobody = app.browser().get(PAGE).await;
    assert_eq!(nobody.status, 303);
}

#[tokio::test]
async fn owner_and_admin_change_it_and_the_others_look() {
    let stage = Stage::new().await;
    for (role, may) in [
        ("owner", true),
        ("admin", true),
        ("technician", false),
        ("viewer", false),
    ] {
        stage.role(role).await;
        let page = stage.page().await;
        assert_eq!(page.status, 200, "{role}");
        assert_eq!(page.has(SECRET_FORM), may, "{role}");
        assert_eq!(page.has("a[href$='/retirement']"), may, "{role}");
    }
    stage.role("owner").await;
    let page = stage.page().await;
    let retire = page.attributes("a[href$='/retirement']", "href").remove(0);
    let before = stage.audit().await;
    for role in ["technician", "viewer"] {
        stage.role(role).await;
        let nothing: &[(&str, &str)] = &[];
        for (path, fields) in [
            (PAGE.to_owned(), &[("client_id", "x")][..]),
            (format!("{PAGE}/secrets"), &[("secret", "abc")]),
            (format!("{PAGE}/certificates"), &[("pem", "abc")]),
            (format!("{PAGE}/certificates/generated"), &[("years", "1")]),
            (retire.clone(), &[("confirmation", "Tenantry (tests)")]),
            (retire.replace("retirement", "removal"), nothing),
            (retire.replace("retirement", "trial"), nothing),
        ] {
            let refused = stage.owner.post(&path, fields).await;
            assert_eq!(refused.status, 403, "{role} {path}");
        }
    }
    assert_eq!(stage.audit().await, before);
    assert_eq!(stage.credentials().await, ["secret active"]);
}

#[tokio::test]
async fn an_end_is_called_out_here_and_on_authentication_status() {
    let stage = Stage::new().await;
    let status = "/security/authentication-status";
    assert!(!stage.owner.get(status).await.has(".banner"));
    for (days, class, words) in [
        (61, "", ""),
        (60, ".banner-warn", "ends in 60 days"),
        (14, ".banner-warn", "ends in 14 days"),
        (7, ".banner-bad", "ends in 7 days"),
        (1, ".banner-bad", "ends in 1 day,"),
        (-1, ".banner-bad", "ended on"),
    ] {
        let ends = stage.world.clock.now() + time::Duration::days(days) + time::Duration::hours(1);
        sqlx::query("update app_credentials set not_after = $1")
            .bind(ends)
            .execute(&stage.world.pool)
            .await
            .unwrap();
        for address in [PAGE, status] {
            let page = stage.owner.get(address).await;
            if class.is_empty() {
                assert!(!page.has("main > .banner"), "{days} {address}");
            } else {
                let banner = page.text_of(&format!("main > {class}"));
                assert!(banner.contains(words), "{days} {address}: {banner}");
            }
        }
    }
}

#[tokio::test]
async fn another_client_id_is_for_new_onboardings_and_the_former_serves_on() {
    let stage = Stage::new().await;
    let moved = "11111111-2222-4333-8444-555555555555";
    let form = "form[action='/security/app-registration']";
    let page = stage
        .send(form, &[("client_id", moved), ("display_name", "Moved")])
        .await;
    let text = page.text();
    assert!(
        text.contains("New onboardings use the new registration"),
        "{text}"
    );
    assert!(text.contains("No credential yet"));
    assert!(text.contains("Former registration: Tenantry (tests)"));
    assert!(text.contains("serves 1 connection"));

    let refreshed = super::rotation::refresh(&stage).await;
    assert!(refreshed.iter().all(|one| one.valid), "{refreshed:?}");

    let former = stage.world.client_id.to_string();
    let page = stage
        .send(form, &[("client_id", &former), ("display_name", "Back")])
        .await;
    assert!(page.text().contains("…ests In use"));
    assert!(page.text().contains("Former registration: Moved"));
}
