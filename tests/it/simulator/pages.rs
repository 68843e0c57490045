//! The pages, as a person without scripts lives through them.

use serde_json::json;
use tenantry::simulator::directory::{
    DEFAULT_PASSWORD, DeviceCodeBlock, NewTenant, NewUser, Policies, TenantPatch,
};
use url::Url;

use super::browser::Browser;
use super::support::{ADMIN, GRAPH, REDIRECT, USER, World, app, low_risk, query};

/// A browser that has typed the code of a fresh device request, and the device code to poll with.
async fn with_code(world: &World) -> (Browser<'_>, String) {
    let begun = world.begin_device(GRAPH).await;
    let mut browser = Browser::open(world, "devicelogin").await;
    browser.submit(&[("otc", begun.text("user_code"))]).await;
    (browser, begun.text("device_code").to_owned())
}

#[tokio::test]
async fn device_code_password_second_factor_confirmation_consent_done() {
    let world = World::new().await;
    let (mut browser, device_code) = with_code(&world).await;
    browser.submit(&[("username", ADMIN)]).await;
    assert_eq!(browser.page.text_of("account"), ADMIN);
    browser.submit(&[("password", DEFAULT_PASSWORD)]).await;
    let code = browser.page.text_of("phone_code").to_owned();
    browser.submit(&[("mfa_code", &code)]).await;
    assert!(
        browser
            .page
            .html
            .contains("Are you trying to sign in to Tenantry (tests)?")
    );
    browser.submit(&[("action", "continue")]).await;
    assert!(
        browser
            .page
            .html
            .contains("Consent on behalf of your organization")
    );
    assert!(browser.page.html.contains("Exchange.Manage"));
    assert_eq!(world.poll(&device_code).await.code(), 70016);
    browser
        .submit(&[("action", "accept"), ("on_behalf", "1")])
        .await;
    assert!(browser.page.has("done"), "{:?}", browser.page);
    let tokens = world.poll(&device_code).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");

    let tenant = world.get("control/api/tenants/contoso.example").await;
    let grants = tenant.body["grants"].as_array().unwrap();
    assert!(grants.iter().all(|g| g["principal"].is_null()));
    assert!(!tenant.body["app_roles"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn without_the_tick_consent_is_for_the_person_alone() {
    let world = World::new().await;
    let (mut browser, device_code) = with_code(&world).await;
    browser.sign_in(ADMIN, DEFAULT_PASSWORD).await;
    browser.submit(&[("action", "continue")]).await;
    browser.submit(&[("action", "accept")]).await;
    assert_eq!(world.poll(&device_code).await.status, 200);
    let tenant = world.get("control/api/tenants/contoso.example").await;
    let grants = tenant.body["grants"].as_array().unwrap();
    assert!(grants.iter().all(|g| g["principal"].is_string()));
    assert_eq!(tenant.body["app_roles"], json!([]));
}

#[tokio::test]
async fn consent_is_not_asked_for_again_while_the_application_is_present() {
    let world = World::new().await;
    world.onboard().await;
    let (mut browser, _) = with_code(&world).await;
    browser.sign_in(ADMIN, DEFAULT_PASSWORD).await;
    browser.submit(&[("action", "continue")]).await;
    assert!(browser.page.has("done"));

    world.kill("enterprise_app_deleted").await;
    let (mut browser, _) = with_code(&world).await;
    browser.sign_in(ADMIN, DEFAULT_PASSWORD).await;
    browser.submit(&[("action", "continue")]).await;
    assert!(browser.page.has("consent"));
}

#[tokio::test]
async fn cancel_declines_the_code() {
    let world = World::new().await;
    let (mut browser, device_code) = with_code(&world).await;
    browser.sign_in(ADMIN, DEFAULT_PASSWORD).await;
    browser.submit(&[("action", "cancel")]).await;
    assert!(browser.page.has("cancelled"));
    let declined = world.poll(&device_code).await;
    assert_eq!(declined.text("error"), "authorization_declined");
}

#[tokio::test]
async fn a_mistyped_code_is_said_so_and_kept() {
    let world = World::new().await;
    let mut browser = Browser::open(&world, "common/oauth2/deviceauth").await;
    browser.submit(&[("otc", "<WRONG>")]).await;
    assert_eq!(browser.page.status, 422);
    assert!(browser.page.has("error"));
    assert!(browser.page.html.contains("value=\"&#60;WRONG&#62;\""));
}

#[tokio::test]
async fn wrong_password_unknown_account_and_wrong_second_factor_may_be_tried_again() {
    let world = World::new().await;
    let (mut browser, _) = with_code(&world).await;
    browser
        .submit(&[("username", "nobody@contoso.example")])
        .await;
    assert!(browser.page.text_of("error").starts_with("We couldn"));
    browser.submit(&[("username", ADMIN)]).await;
    browser.submit(&[("password", "guess")]).await;
    assert!(browser.page.html.contains("AADSTS50126"));
    browser.submit(&[("password", DEFAULT_PASSWORD)]).await;
    browser.submit(&[("mfa_code", "nothing")]).await;
    assert!(browser.page.html.contains("AADSTS500121"));
    let code = browser.page.text_of("phone_code").to_owned();
    browser.submit(&[("mfa_code", &code)]).await;
    assert!(browser.page.has("continue"));
}

#[tokio::test]
async fn a_disabled_account_meets_its_number() {
    let world = World::new().await;
    world
        .control("kill", json!({"user": USER, "cause": "user_disabled"}))
        .await;
    let (mut browser, _) = with_code(&world).await;
    browser.submit(&[("username", USER)]).await;
    assert_eq!(browser.page.text_of("error_code"), "50057");
}

#[tokio::test]
async fn blocked_device_code_shows_53003_with_its_ids_and_the_poller_waits_on() {
    let world = World::new().await;
    let policies = Policies {
        block_device_code: DeviceCodeBlock::Browser,
        ..Policies::default()
    };
    let patch = TenantPatch {
        policies: Some(policies),
        ..TenantPatch::default()
    };
    world
        .directory()
        .patch_tenant("contoso.example", patch)
        .unwrap();
    let (mut browser, device_code) = with_code(&world).await;
    browser.sign_in(ADMIN, DEFAULT_PASSWORD).await;
    assert_eq!(browser.page.text_of("error_code"), "53003");
    assert_eq!(browser.page.text_of("app_id"), world.client.to_string());
    assert!(
        browser
            .page
            .html
            .contains("authentication flow that is restricted")
    );
    assert_eq!(world.poll(&device_code).await.code(), 70016);

    let mut browser = Browser::open(&world, &authorize(&world, &[])).await;
    browser.sign_in(ADMIN, DEFAULT_PASSWORD).await;
    assert!(browser.page.has("consent"), "the other method is open");
}

#[tokio::test]
async fn a_required_second_factor_is_enrolled_on_the_way() {
    let world = World::new().await;
    world.directory().put_app(app(low_risk()));
    world.kill("mfa_required").await;
    let (mut browser, device_code) = with_code(&world).await;
    browser.submit(&[("username", USER)]).await;
    browser.submit(&[("password", DEFAULT_PASSWORD)]).await;
    assert!(browser.page.has("enrol"));
    let code = browser.page.text_of("phone_code").to_owned();
    browser.submit(&[("mfa_code", &code)]).await;
    browser.submit(&[("action", "continue")]).await;
    browser.submit(&[("action", "accept")]).await;
    assert_eq!(world.poll(&device_code).await.status, 200);
}

#[tokio::test]
async fn who_may_not_consent_is_told_to_ask_an_admin() {
    let world = World::new().await;
    let (mut browser, device_code) = with_code(&world).await;
    browser.sign_in(USER, DEFAULT_PASSWORD).await;
    browser.submit(&[("action", "continue")]).await;
    assert_eq!(browser.page.text_of("approval"), "Need admin approval");
    assert_eq!(browser.page.text_of("error_code"), "90094");
    browser.submit(&[("action", "other_account")]).await;
    browser.sign_in(ADMIN, DEFAULT_PASSWORD).await;
    browser.submit(&[("action", "continue")]).await;
    browser
        .submit(&[("action", "accept"), ("on_behalf", "1")])
        .await;
    assert_eq!(world.poll(&device_code).await.status, 200);
}

#[tokio::test]
async fn with_the_workflow_a_request_waits_for_the_reviewer() {
    let world = World::new().await;
    let patch = TenantPatch {
        approval_workflow: Some(true),
        ..TenantPatch::default()
    };
    world
        .directory()
        .patch_tenant("contoso.example", patch)
        .unwrap();
    let (mut browser, _) = with_code(&world).await;
    browser.sign_in(USER, DEFAULT_PASSWORD).await;
    browser.submit(&[("action", "continue")]).await;
    assert_eq!(browser.page.text_of("approval"), "Approval required");
    assert_eq!(browser.page.text_of("error_code"), "90095");
    browser
        .submit(&[
            ("action", "request"),
            ("justification", "needed for <work>"),
        ])
        .await;
    assert!(browser.page.has("requested"));

    let control = world.http.get(world.url("control")).send().await.unwrap();
    let control = control.text().await.unwrap();
    assert!(control.contains("needed for &#60;work&#62;"), "{control}");
    let waiting = world.get("control/api/approvals").await;
    let id = waiting.body[0]["request"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    world
        .control(&format!("approvals/{id}/approve"), json!({}))
        .await;
    let (mut browser, device_code) = with_code(&world).await;
    browser.sign_in(USER, DEFAULT_PASSWORD).await;
    browser.submit(&[("action", "continue")]).await;
    assert!(browser.page.has("done"));
    assert_eq!(world.poll(&device_code).await.status, 200);
}

fn authorize(world: &World, more: &[(&str, &str)]) -> String {
    let mut url = Url::parse(&world.url("organizations/oauth2/v2.0/authorize")).unwrap();
    url.query_pairs_mut()
        .append_pair("client_id", &world.client.to_string())
        .append_pair("response_type", "code")
        .append_pair("redirect_uri", REDIRECT)
        .append_pair("scope", GRAPH)
        .append_pair("state", "s")
        .extend_pairs(more);
    url.to_string()
}

#[tokio::test]
async fn sign_in_with_microsoft_goes_back_with_a_code_and_the_next_time_by_itself() {
    let world = World::new().await;
    let address = authorize(&world, &[("login_hint", ADMIN)]);
    let mut browser = Browser::open(&world, &address).await;
    assert_eq!(browser.page.text_of("account"), ADMIN);
    browser.submit(&[("password", DEFAULT_PASSWORD)]).await;
    let code = browser.page.text_of("phone_code").to_owned();
    browser.submit(&[("mfa_code", &code)]).await;
    browser
        .submit(&[("action", "accept"), ("on_behalf", "1")])
        .await;
    let back = query(browser.page.url.as_str());
    assert!(browser.page.url.as_str().starts_with(REDIRECT));
    assert!(back["code"].len() > 100);

    browser.goto(&address).await;
    assert!(
        browser.page.url.as_str().starts_with(REDIRECT),
        "single sign-on"
    );
    browser
        .goto(&authorize(&world, &[("prompt", "login")]))
        .await;
    assert!(
        browser.page.has("username"),
        "a fresh sign-in was asked for"
    );
    browser
        .goto(&authorize(&world, &[("prompt", "select_account")]))
        .await;
    assert!(browser.page.has("pick_account"));
    browser
        .goto(&authorize(&world, &[("prompt", "consent")]))
        .await;
    assert!(browser.page.has("consent"));
    browser.submit(&[("action", "cancel")]).await;
    let back = query(browser.page.url.as_str());
    assert_eq!(back["error"], "access_denied");
    assert!(back["error_description"].starts_with("AADSTS65004"));

    browser.goto("organizations/oauth2/v2.0/logout").await;
    browser.goto(&address).await;
    assert!(browser.page.has("password"), "signed out");
}

#[tokio::test]
async fn an_account_of_another_tenant_is_refused_where_the_tenant_is_named() {
    let world = World::new().await;
    world
        .directory()
        .add_tenant(NewTenant::named("Fabrikam", "fabrikam.example"))
        .unwrap();
    world
        .directory()
        .add_user(NewUser::admin("admin@fabrikam.example", "Admin"))
        .unwrap();
    let address = authorize(&world, &[]).replace("organizations", &world.tenant.to_string());
    let mut browser = Browser::open(&world, &address).await;
    browser
        .submit(&[("username", "admin@fabrikam.example")])
        .await;
    assert_eq!(browser.page.text_of("error_code"), "50020");
}

#[tokio::test]
async fn the_answer_can_come_by_post() {
    let world = World::new().await;
    world.onboard().await;
    let address = authorize(&world, &[("response_mode", "form_post")]);
    let mut browser = Browser::open(&world, &address).await;
    browser.sign_in(ADMIN, DEFAULT_PASSWORD).await;
    assert!(
        browser
            .page
            .html
            .contains(&format!("action=\"{REDIRECT}\""))
    );
    assert!(browser.page.html.contains("name=\"code\""));
}

#[tokio::test]
async fn admin_consent_in_the_browser_granted_and_refused_for_lack_of_a_role() {
    let world = World::new().await;
    let mut url = Url::parse(&world.url(&format!("{}/v2.0/adminconsent", world.tenant))).unwrap();
    url.query_pairs_mut()
        .append_pair("client_id", &world.client.to_string())
        .append_pair("redirect_uri", REDIRECT)
        .append_pair("scope", "https://graph.microsoft.com/.default")
        .append_pair("state", "s");
    let mut browser = Browser::open(&world, url.as_str()).await;
    browser.sign_in(USER, DEFAULT_PASSWORD).await;
    assert_eq!(browser.page.text_of("error_code"), "90094");

    let mut browser = Browser::open(&world, url.as_str()).await;
    browser.sign_in(ADMIN, DEFAULT_PASSWORD).await;
    assert!(browser.page.html.contains("Review for your organization"));
    browser.submit(&[("action", "accept")]).await;
    let back = query(browser.page.url.as_str());
    assert_eq!(back["admin_consent"], "True");
    assert_eq!(back["tenant"], world.tenant.to_string());
    world.onboard_as(USER).await;
}

#[tokio::test]
async fn a_federated_users_password_page_names_the_organisation() {
    let world = World::new().await;
    world.kill("federated12_hours").await;
    let (mut browser, _) = with_code(&world).await;
    browser.submit(&[("username", ADMIN)]).await;
    assert!(browser.page.has("federated"));
    browser.submit(&[("password", DEFAULT_PASSWORD)]).await;
    assert!(browser.page.has("mfa_code"));
}

#[tokio::test]
async fn every_page_says_that_it_is_simulated_and_may_run_no_script() {
    let world = World::new().await;
    for path in [
        "devicelogin",
        "control",
        "error?code=50173",
        "interaction/none",
    ] {
        let response = world.http.get(world.url(path)).send().await.unwrap();
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}");
        let html = response.text().await.unwrap();
        assert!(html.contains("Simulated Microsoft sign-in"), "{path}");
        assert!(!html.contains("<script"), "{path}");
    }
}
