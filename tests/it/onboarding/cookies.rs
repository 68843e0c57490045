//! The cookies of an onboarding, swapped, forged and missing: whoever has not the flow's own secret sees neither its code nor
//! its state and moves nothing.

use reqwest::Method;

use super::stage::Stage;
use crate::support::browser::Browser;

const CODE: &str = "B6SUYU5PL";

/// The row of the flow under attack, in short.
async fn row(stage: &Stage) -> String {
    stage
        .word("select concat_ws(' ', id, state, encode(secret_hash, 'hex'), encode(oauth_state_hash, 'hex'), expires_at) from onboarding_flows where user_code is not null")
        .await
}

#[tokio::test]
async fn no_other_pair_of_cookies_sees_or_moves_an_attempt() {
    let stage = Stage::behind_proxy().await;
    let link = stage.invite_admin().await;
    let (victim, _) = stage.started(&link, &[]).await;
    stage.show_code().await;
    let other_link = stage.invite_admin().await;
    let (other, _) = stage.started(&other_link, &[]).await;
    let token = victim.cookie("inv").unwrap();
    let secret = victim.cookie("flow").unwrap();
    let mut altered = secret.clone().into_bytes();
    altered[0] = if altered[0] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();
    let hash = stage
        .word("select translate(encode(secret_hash, 'base64'), '+/=', '-_') from onboarding_flows where user_code is not null")
        .await;
    let before = row(&stage).await;
    let links = [
        ("no link", String::new()),
        ("the same link", token.clone()),
        ("another link", other.cookie("inv").unwrap()),
        ("the flow's secret in the link's place", secret.clone()),
        ("a forged link", format!("inv_{}", "B".repeat(43))),
    ];
    let flows = [
        ("no flow", String::new()),
        ("another flow", other.cookie("flow").unwrap()),
        ("an altered secret", altered),
        ("the stored hash", hash),
        ("the link in the flow's place", token),
        ("a forged flow", "C".repeat(43)),
        ("zeroes", "A".repeat(43)),
        ("a cut secret", secret[..42].to_owned()),
        ("a list", format!("{secret},{secret}")),
    ];
    for (link_name, inv) in &links {
        for (flow_name, flow) in &flows {
            let name = format!("{link_name}, {flow_name}");
            let browser = stage.app.browser();
            for (cookie, value) in [("inv", inv), ("flow", flow)] {
                if !value.is_empty() {
                    browser.set_cookie(cookie, value);
                }
            }
            assert_learns_nothing(&browser, &name).await;
            assert_eq!(row(&stage).await, before, "{name}");
        }
    }
    assert_eq!(victim.get("/onboarding").await.text_of(".usercode"), CODE);
}

async fn assert_learns_nothing(browser: &Browser, name: &str) {
    let page = browser.get("/onboarding").await;
    assert!(!page.body.contains(CODE), "{name}");
    assert!(
        !page.body.contains("data-live=\"/onboarding/events"),
        "{name}"
    );
    let events = browser.request(Method::GET, "/onboarding/events?seen=x");
    let events = events.send().await.unwrap();
    // Another flow's own stream says "changed" and nothing else.
    assert!([200, 204].contains(&events.status().as_u16()), "{name}");
    if events.status() == 200 {
        assert!(name.ends_with("another flow"), "{name}");
    }
    let back = browser
        .get("/onboarding/return?state=AAAA&code=stolen")
        .await;
    assert!([303, 404].contains(&back.status), "{name}: {}", back.status);
    for action in ["trip", "look"] {
        let page = browser.post(&format!("/onboarding/{action}"), &[]).await;
        assert!(!page.body.contains(CODE), "{name}, {action}");
    }
}

#[tokio::test]
async fn a_superseded_secret_is_worth_nothing() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (old, _) = stage.started(&link, &[]).await;
    stage.show_code().await;
    let (new, page) = stage.administrator(&link).await;
    let here = new
        .submit(&page, "form[action='/onboarding/here']", &[])
        .await;
    let page = new.follow(here).await;
    new.submit(&page, "form[action='/onboarding/start']", &[])
        .await;
    stage.show_code().await;
    let page = old.get("/onboarding").await;
    assert!(!page.body.contains(CODE) && page.text().contains("Opened elsewhere"));
    let before = row_of_live(&stage).await;
    for action in ["trip", "look"] {
        old.post(&format!("/onboarding/{action}"), &[]).await;
    }
    let again = old.post("/onboarding/again", &[]).await;
    assert!(old.follow(again).await.text().contains("Opened elsewhere"));
    assert_eq!(row_of_live(&stage).await, before);
}

async fn row_of_live(stage: &Stage) -> String {
    stage
        .word("select concat_ws(' ', id, encode(secret_hash, 'hex'), expires_at) from onboarding_flows where state = 'code_shown'")
        .await
}

#[tokio::test]
async fn behind_tls_cookies_without_the_prefix_are_not_looked_at() {
    use std::sync::Arc;
    let mut plain = None;
    let app = crate::support::app::TestApp::start_with(|app| {
        plain = Some(app.site.base_url.clone());
        let mut site = (*app.site).clone();
        site.base_url.set_scheme("https").unwrap();
        app.site = Arc::new(site);
    })
    .await;
    let plain = plain.unwrap();
    crate::support::tenant::add(&app.pool, "contoso").await;
    let id = app
        .technician(
            "robin@msp.example",
            tenantry::domain::technician::Role::Technician,
        )
        .await;
    let technician = Browser::new(&plain);
    technician.set_cookie("__Host-sid", &app.session_of(id).await.to_string());
    let dialog = technician.get("/tenants/contoso/invitations/new").await;
    let made = technician.submit(&dialog, "dialog form.stack", &[]).await;
    let url = technician
        .follow(made)
        .await
        .attributes("#auth-url", "value")
        .remove(0);
    let token = url.rsplit('/').next().unwrap();
    // What a neighbouring subdomain or a plain-text attacker could plant.
    for name in ["inv", "__Secure-inv", "__host-inv", "__HOST-inv"] {
        let browser = Browser::new(&plain);
        browser.set_cookie(name, token);
        assert_eq!(browser.get("/onboarding").await.status, 404, "{name}");
    }
    let browser = Browser::new(&plain);
    browser.set_cookie("__Host-inv", token);
    assert_eq!(browser.get("/onboarding").await.status, 200);
}
