//! Every way to the end.

use tenantry::simulator::directory::TenantPatch;

use super::stage::{DONE, Live};
use crate::support::keeper::{ADMIN, USER};

#[tokio::test]
async fn by_code_with_the_enterprise_application_present_no_consent_is_asked() {
    let live = Live::start().await;
    live.world.consent();
    let (browser, code) = live.start_by_code().await;
    live.world.approve(&code, ADMIN);
    let page = live.until(&browser, DONE).await;
    assert_eq!(page.texts(".card > .facts dd")[0], ADMIN);
    assert_eq!(page.texts(".ticks .tick-valid").len(), 4);
    assert_eq!(live.validated_state().await, "active");
    let list = live
        .technician
        .get("/monitoring/customer/pending-invitations?state=completed")
        .await;
    assert_eq!(list.texts("tbody .badge"), ["Completed"]);
    live.world.judge().await;
}

#[tokio::test]
async fn by_code_with_the_enterprise_application_absent_consent_is_asked_and_given() {
    let live = Live::start().await;
    let (browser, code) = live.start_by_code().await;
    live.world.approve(&code, ADMIN);
    let page = live
        .until(
            &browser,
            "Click here to continue the authentication process",
        )
        .await;
    let address = page.attributes("a#consent", "href").remove(0);
    live.visit(&browser, "adminconsent", &address, ADMIN).await;
    live.until(&browser, DONE).await;
    assert_eq!(live.validated_state().await, "active");
    live.world.judge().await;
}

#[tokio::test]
async fn sign_in_with_microsoft_completes_in_the_same_browser() {
    let live = Live::start().await;
    live.world.consent();
    let link = live
        .invite(&[("admin_username", ADMIN), ("method", "auth_code")])
        .await;
    let (browser, page) = live.start_with(&link, &[]).await;
    let address = page.attributes("a#microsoft", "href").remove(0);
    live.visit(&browser, "authorize", &address, ADMIN).await;
    live.until(&browser, DONE).await;
    live.world.judge().await;
}

#[tokio::test]
async fn a_request_for_approval_waits_and_goes_on_when_it_was_approved() {
    let live = Live::start().await;
    let patch = TenantPatch {
        approval_workflow: Some(true),
        ..TenantPatch::default()
    };
    live.world
        .directory()
        .patch_tenant(&live.world.entra_tenant.to_string(), patch)
        .unwrap();
    let link = live
        .invite(&[("admin_username", USER), ("method", "auth_code")])
        .await;
    let (browser, page) = live.start_with(&link, &[]).await;
    let address = page.attributes("a#microsoft", "href").remove(0);
    live.visit(&browser, "authorize", &address, USER).await;
    let page = live
        .until(
            &browser,
            "Click here to continue the authentication process",
        )
        .await;
    let address = page.attributes("a#consent", "href").remove(0);
    // The consent page tells somebody without the role that an administrator must approve.
    let state = address.split("state=").nth(1).unwrap();
    let state = state.split('&').next().unwrap();
    let said = "AADSTS90094%3A+An+administrator+must+consent";
    let back = browser.get(&format!("/onboarding/return?admin_consent=True&error=consent_required&error_description={said}&state={state}")).await;
    browser.follow(back).await;
    live.until(&browser, "Waiting for the reviewer").await;
    live.world.consent();
    let page = browser.get("/onboarding").await;
    browser
        .submit(&page, "form[action='/onboarding/look']", &[])
        .await;
    live.until(&browser, DONE).await;
}

#[tokio::test]
async fn someone_else_is_held_until_a_technician_confirms() {
    let live = Live::start().await;
    live.world.consent();
    let link = live.invite(&[("admin_username", ADMIN)]).await;
    let (browser, page) = live
        .start_with(&link, &[("someone_else", "yes"), ("admin_username", USER)])
        .await;
    live.world.approve(&page.text_of(".usercode"), USER);
    live.until(&browser, "Waiting for confirmation").await;
    assert_eq!(
        live.world
            .number("select count(*) from connections where state = 'active'")
            .await,
        0
    );

    let page = live.technician.get("/tenants/contoso/invitations").await;
    assert!(page.text().contains(USER), "{}", page.text());
    let confirmed = live
        .technician
        .submit(&page, "form[action$='/confirmation']", &[])
        .await;
    assert_eq!(confirmed.status, 303, "{}", confirmed.text());
    assert_eq!(live.validated_state().await, "active");
    live.until(&browser, DONE).await;
    live.world.judge().await;
}

#[tokio::test]
async fn a_portal_restarted_in_the_middle_is_not_noticed() {
    let mut live = Live::start().await;
    live.world.consent();
    let (browser, code) = live.start_by_code().await;
    live.restart_portal().await;
    let moved = browser.at(&live.portal.app.site.base_url);
    assert_eq!(moved.get("/onboarding").await.text_of(".usercode"), code);
    live.world.approve(&code, ADMIN);
    live.until(&moved, DONE).await;
    live.world.judge().await;
}

#[tokio::test]
async fn continue_here_in_a_second_browser_ends_the_first_ones_code() {
    let live = Live::start().await;
    live.world.consent();
    let link = live.invite(&[("admin_username", ADMIN)]).await;
    let (first, page) = live.start_with(&link, &[]).await;
    let old = page.text_of(".usercode");
    let second = live.portal.browser();
    let page = second.get(&link).await;
    let moved = second.submit(&page, "form", &[]).await;
    let page = second.follow(moved).await;
    let here = second
        .submit(&page, "form[action='/onboarding/here']", &[])
        .await;
    let page = second.follow(here).await;
    let started = second
        .submit(&page, "form[action='/onboarding/start']", &[])
        .await;
    let code = second.follow(started).await.text_of(".usercode");
    live.world.approve(&old, ADMIN);
    live.world.approve(&code, ADMIN);
    live.until(&second, DONE).await;
    assert_eq!(
        live.world.number("select count(*) from connections").await,
        1,
        "the ended attempt stored nothing"
    );
    assert_eq!(first.get("/onboarding").await.status, 404);
}
