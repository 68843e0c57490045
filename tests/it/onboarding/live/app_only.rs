//! The application itself is let in, by an administrator's consent or to replace what ends sooner.

use std::time::Duration;

use serde_json::json;
use tenantry::keeper::message::{Check, CheckKind, CheckOutcome, Reply, Request};
use tenantry::simulator::directory::{Cause, Target};

use super::stage::{DONE, Live};
use crate::support::browser::Browser;
use crate::support::keeper::{ADMIN, USER};
use crate::support::page::Page;

const SETTINGS: &str = "/tenants/contoso/configuration/m365";
const SETTING_UP: &str = "Microsoft is still setting this up";

/// Nothing connected yet; the customer's domain is known.
async fn fresh() -> Live {
    let live = Live::start().await;
    sqlx::query("update tenants set domain = 'contoso.example'")
        .execute(&live.world.pool)
        .await
        .unwrap();
    live
}

/// The administrator stands before the consent link.
async fn at_consent(live: &Live, from: &str) -> (Browser, Page) {
    let fields = [("admin_username", ADMIN), ("method", "app_only")];
    let link = live.invite_from(from, &fields).await;
    live.start_with(&link, &[]).await
}

async fn agree(live: &Live, browser: &Browser, page: &Page) {
    let address = page.attributes("a#consent", "href").remove(0);
    live.visit(browser, "adminconsent", &address, ADMIN).await;
}

async fn mode(live: &Live) -> String {
    let id = live.world.current().await;
    let mode = "select mode from connections where id = $1";
    live.world.text(mode, id).await
}

async fn checks(live: &Live) -> Vec<Check> {
    let question = Request::Validate {
        tenant_id: live.world.tenant,
    };
    match live.keeper.ask(question).await {
        Reply::Validated { checks, .. } => checks,
        other => panic!("{other:?}"),
    }
}

fn outcome(checks: &[Check], kind: CheckKind) -> CheckOutcome {
    let check = checks.iter().find(|check| check.check == kind);
    check.unwrap().outcome
}

async fn rows(live: &Live, sql: &'static str) -> i64 {
    live.world.number(sql).await
}

#[tokio::test]
async fn consent_alone_connects_and_no_refresh_token_is_kept() {
    let live = fresh().await;
    let (browser, page) = at_consent(&live, "app").await;
    let said = page.text();
    assert!(said.contains("Exchange.ManageAsApp"), "{said}");
    assert!(!said.contains("User.Read "), "delegated ones are not asked");
    agree(&live, &browser, &page).await;
    let page = live.until(&browser, DONE).await;
    assert!(page.text().contains("no account has to keep a role"));
    assert_eq!(mode(&live).await, "app_only");
    assert_eq!(live.validated_state().await, "active");
    assert_eq!(
        rows(&live, "select count(*) from connection_secrets").await,
        0
    );

    let settings = live.technician.get(SETTINGS).await.text();
    assert!(settings.contains("App registration"), "{settings}");
    assert!(settings.contains("none: the application itself is let in"));
    assert!(settings.contains("Durability: Long"), "{settings}");
    assert!(!settings.contains("Make it last longer"));
}

#[tokio::test]
async fn it_is_renewed_by_the_refresh_protocol_without_a_refresh_token() {
    let live = fresh().await;
    let (browser, page) = at_consent(&live, "app").await;
    agree(&live, &browser, &page).await;
    live.until(&browser, DONE).await;
    let id = live.world.current().await;
    live.world.clock.advance(Duration::from_hours(30));
    live.world.make_due().await;
    let renewed = "select (count(*) filter (where acquired_at > $2))::text from tokens where connection_id = $1";
    let since = live.world.clock.now() - Duration::from_hours(1);
    for _ in 0..400 {
        let count: String = sqlx::query_scalar(renewed)
            .bind(id)
            .bind(since)
            .fetch_one(&live.world.pool)
            .await
            .unwrap();
        if count == "4" {
            assert_eq!(live.world.state(id).await, "active");
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the access tokens were not renewed");
}

#[tokio::test]
async fn while_the_consent_spreads_the_page_waits_and_nothing_is_called_failed() {
    let live = fresh().await;
    let mut settings = live.world.directory().settings();
    settings.propagation_seconds = 45;
    live.world.directory().set_settings(settings);
    let (browser, page) = at_consent(&live, "app").await;
    agree(&live, &browser, &page).await;
    let page = live.until(&browser, SETTING_UP).await;
    assert!(
        !page.text().to_lowercase().contains("failed"),
        "{}",
        page.text()
    );
    live.world.clock.advance(Duration::from_secs(20));
    live.until(&browser, SETTING_UP).await;
    live.world.clock.advance(Duration::from_secs(30));
    live.until(&browser, DONE).await;
}

#[tokio::test]
async fn consent_that_never_comes_fails_clearly_and_keeps_what_worked() {
    let live = Live::start().await;
    live.world.consent();
    let former = live.world.onboard(&live.keeper).await;
    let (browser, _) = at_consent(&live, "app").await;
    live.world.kill(&Cause::EnterpriseAppDeleted);
    let page = browser.get("/onboarding").await;
    browser
        .submit(&page, "form[action='/onboarding/look']", &[])
        .await;
    live.until(&browser, SETTING_UP).await;
    live.world.clock.advance(Duration::from_secs(100));
    let page = live
        .until(&browser, "Microsoft does not show the permission")
        .await;
    assert!(page.text().contains("Global Administrator of contoso"));
    assert_eq!(live.world.current().await, former);
    assert_eq!(rows(&live, "select count(*) from connections").await, 1);
}

#[tokio::test]
async fn consent_refused_at_microsoft_leaves_the_page_where_it_was() {
    let live = fresh().await;
    let (browser, page) = at_consent(&live, "app").await;
    let address = page.attributes("a#consent", "href").remove(0);
    let body = json!({"url": address, "upn": ADMIN, "consent": "refuse"});
    let answer = live.control("adminconsent", &body).await;
    let landing = url::Url::parse(answer["redirect"].as_str().unwrap()).unwrap();
    let back = format!("{}?{}", landing.path(), landing.query().unwrap());
    let back = browser.get(&back).await;
    let page = browser.follow(back).await;
    assert!(
        page.text().contains("Click here to continue"),
        "{}",
        page.text()
    );
    assert_eq!(rows(&live, "select count(*) from connections").await, 0);
    assert_eq!(rows(&live, "select count(*) from msal_errors").await, 1);
}

#[tokio::test]
async fn the_tenant_in_the_address_is_not_believed() {
    let live = fresh().await;
    let (_, other) = live.world.customer("fabrikam").await;
    live.world
        .directory()
        .grant_admin_consent(&other.to_string(), live.world.client_id, None)
        .unwrap();
    let (browser, page) = at_consent(&live, "app").await;
    let address = page.attributes("a#consent", "href").remove(0);
    let state = address.split("state=").nth(1).unwrap();
    let state = state.split('&').next().unwrap();
    let back = format!("/onboarding/return?admin_consent=True&tenant={other}&state={state}");
    let back = browser.get(&back).await;
    browser.follow(back).await;
    live.until(&browser, SETTING_UP).await;
    live.world.clock.advance(Duration::from_secs(100));
    live.until(&browser, "Microsoft does not show the permission")
        .await;
    assert_eq!(rows(&live, "select count(*) from connections").await, 0);
}

#[tokio::test]
async fn consent_withdrawn_later_expires_it_with_its_cause() {
    let live = fresh().await;
    let (browser, page) = at_consent(&live, "app").await;
    agree(&live, &browser, &page).await;
    live.until(&browser, DONE).await;
    let id = live.world.current().await;
    live.world.kill(&Cause::ConsentWithdrawn);
    checks(&live).await;
    assert_eq!(live.world.state(id).await, "needs_consent");
    let status = live
        .technician
        .get("/security/authentication-status")
        .await
        .text();
    assert!(status.contains("Expired"), "{status}");
    let graph =
        "select coalesce(cause, '') from tokens where resource = 'graph' and connection_id = $1";
    assert_eq!(live.world.text(graph, id).await, "consent_missing");

    // What ran without a person is renewed without one.
    let (browser, page) = at_consent(&live, "status").await;
    agree(&live, &browser, &page).await;
    live.until(&browser, DONE).await;
    assert_eq!(mode(&live).await, "app_only");
    assert_eq!(live.validated_state().await, "active");
}

#[tokio::test]
async fn validation_knows_what_does_not_apply() {
    let live = fresh().await;
    let (browser, page) = at_consent(&live, "app").await;
    agree(&live, &browser, &page).await;
    live.until(&browser, DONE).await;
    let good = checks(&live).await;
    for kind in [CheckKind::Account, CheckKind::Roles, CheckKind::SignIn] {
        assert_eq!(outcome(&good, kind), CheckOutcome::NotApplicable);
    }
    for kind in [
        CheckKind::Refresh,
        CheckKind::Tenant,
        CheckKind::Permissions,
        CheckKind::EnterpriseApplication,
    ] {
        assert_eq!(outcome(&good, kind), CheckOutcome::Passed, "{good:?}");
    }
    // The secret of the settings has no date.
    assert_eq!(outcome(&good, CheckKind::Credential), CheckOutcome::Warning);
    let page = live.technician.get(SETTINGS).await;
    let run = live
        .technician
        .submit(&page, "form[action$='/validation']", &[])
        .await;
    let page = live.technician.follow(run).await;
    assert!(
        page.text().contains("Authentication validated"),
        "{}",
        page.text()
    );
    assert!(page.text().contains("Not applicable"));
}

#[tokio::test]
async fn a_switched_off_application_is_found_by_the_validation() {
    let live = fresh().await;
    let (browser, page) = at_consent(&live, "app").await;
    agree(&live, &browser, &page).await;
    live.until(&browser, DONE).await;
    let id = live.world.current().await;
    live.world.kill(&Cause::EnterpriseAppDisabled);
    let bad = checks(&live).await;
    assert_eq!(outcome(&bad, CheckKind::Refresh), CheckOutcome::Failed);
    assert_ne!(live.world.state(id).await, "active");
    live.world
        .directory()
        .restore(&Target::tenant(&live.world.entra_tenant.to_string()))
        .unwrap();
    checks(&live).await;
    assert_eq!(live.world.state(id).await, "active");
}

#[tokio::test]
async fn switching_there_and_back_has_no_gap() {
    let live = Live::start().await;
    live.world.consent();
    let first = live.world.onboard(&live.keeper).await;
    let page = live.technician.get(SETTINGS).await;
    assert!(page.text().contains("Switch to App Registration"));
    let (browser, page) = at_consent(&live, "app").await;
    assert_eq!(live.world.current().await, first, "in use until then");
    agree(&live, &browser, &page).await;
    live.until(&browser, DONE).await;
    let second = live.world.current().await;
    assert_eq!(mode(&live).await, "app_only");
    assert_eq!(live.world.state(first).await, "revoked");
    // The administrator stays the one to ask.
    assert_eq!(
        live.world
            .text(
                "select admin_username from tenants where id = $1",
                live.world.tenant
            )
            .await,
        ADMIN
    );
    let (browser, code) = live.start_by_code().await;
    live.world.approve(&code, ADMIN);
    live.until(&browser, DONE).await;
    assert_eq!(mode(&live).await, "auth_token");
    assert_eq!(live.world.state(second).await, "revoked");
    live.world.judge().await;
}

#[tokio::test]
async fn a_device_code_connection_is_lifted_to_browser_sign_in() {
    let live = Live::start().await;
    live.world.consent();
    live.world.onboard(&live.keeper).await;
    let settings = live.technician.get(SETTINGS).await;
    assert!(settings.text().contains("Make it last longer"));
    let fields = [("admin_username", ADMIN), ("method", "auth_code")];
    let link = live.invite_from("longer", &fields).await;
    let start = live.portal.browser();
    let page = start.get(&link).await;
    let moved = start.submit(&page, "form", &[]).await;
    let page = start.follow(moved).await;
    assert!(
        page.text().contains("ends sooner than it must"),
        "{}",
        page.text()
    );
    assert!(page.attributes("input[name='method']", "value").is_empty());
    // A method asked for all the same is not taken.
    let (browser, page) = live.start_with(&link, &[("method", "device_code")]).await;
    let address = page.attributes("a#microsoft", "href").remove(0);
    live.visit(&browser, "authorize", &address, ADMIN).await;
    live.until(&browser, DONE).await;
    let id = live.world.current().await;
    let class = "select token_class from connections where id = $1";
    assert_eq!(live.world.text(class, id).await, "confidential");
    let settings = live.technician.get(SETTINGS).await;
    assert!(!settings.text().contains("Make it last longer"));
    live.world.judge().await;
}

#[tokio::test]
async fn nobody_lets_the_application_in_by_an_invitation_for_a_sign_in() {
    let live = fresh().await;
    let link = live.invite(&[("admin_username", USER)]).await;
    let (_, page) = live.start_with(&link, &[("method", "app_only")]).await;
    assert!(!page.text_of(".usercode").is_empty(), "{}", page.text());
}

#[tokio::test]
async fn without_a_known_tenant_no_such_link_is_made() {
    let live = Live::start().await;
    let page = live
        .technician
        .get("/tenants/contoso/invitations/new?from=app")
        .await;
    let refused = live
        .technician
        .submit(&page, "dialog form.stack", &[("method", "app_only")])
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("store the customer's domain first"));
}
