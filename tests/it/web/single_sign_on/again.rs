//! Dangerous acts of people who came in by single sign-on: how old the provider's proof is, and proving it there anew.

use std::time::Duration;

use serde_json::{Value, json};
use tenantry::domain::technician::Role;

use super::{SUBJECT, World, away, is_in};
use crate::support::browser::Browser;

const DANGEROUS: &str = "/profile/recovery-codes";
const CODES_MADE: u16 = 200;

/// Somebody who was let in by the provider, some minutes ago.
async fn signed_in_a_while_ago(world: &World) -> Browser {
    world.linked(Role::Owner).await;
    let browser = world.app.browser();
    world.sign_in(&browser, &json!({})).await;
    world.app.advance(Duration::from_secs(301));
    browser
}

async fn is_asked_again(browser: &Browser) -> bool {
    let page = browser.post(DANGEROUS, &[]).await;
    let asked = page
        .location
        .as_deref()
        .is_some_and(|to| to.starts_with("/login/step-up"));
    assert!(asked || page.status == CODES_MADE, "{}", page.text());
    asked
}

#[tokio::test]
async fn what_was_sent_waits_for_the_proof_at_the_provider() {
    let world = World::start().await;
    let browser = signed_in_a_while_ago(&world).await;
    let fields = [
        ("name", "Sam Field"),
        ("email", "sam@msp.example"),
        ("role", "viewer"),
    ];
    let asked = browser.post("/security/technicians", &fields).await;
    let page = browser.follow(asked).await;
    assert_eq!(page.text_of("h1"), "Confirm that it is you");
    assert!(page.text().contains("Sign in with Harbour ID again"));
    let left = away(&browser.submit(&page, "form#sso-again", &[]).await);
    let asks = |name: &str, value: &str| {
        let mut pairs = left.address.query_pairs();
        pairs.any(|pair| pair == (name.into(), value.into()))
    };
    assert!(
        asks("prompt", "login") && asks("max_age", "0"),
        "{}",
        left.address
    );
    let before = browser.cookie("sid");
    let back = world.come_back(&browser, &left, &json!({})).await;
    assert_ne!(browser.cookie("sid"), before, "a new id");
    let waiting = browser.follow(back).await;
    assert_eq!(waiting.value("email"), "sam@msp.example");
    let done = browser.submit(&waiting, "form#again", &[]).await;
    assert!(done.has("#login-link"), "{}", done.text());
    let audit = world.app.audit().await;
    assert!(
        audit.contains(&"technician.factor_proved done".to_owned()),
        "{audit:?}"
    );
    assert_eq!(world.count("technician_sign_ons").await, 1);
}

#[tokio::test]
async fn a_proof_that_is_old_weak_or_another_persons_is_none() {
    let world = World::start().await;
    let browser = signed_in_a_while_ago(&world).await;
    let page = browser.get("/login/step-up?next=/profile").await;
    let long_ago = world.app.clock.now().unix_timestamp() - 301;
    for (change, words) in [
        (
            json!({"auth_time": null}),
            "did not say that you proved just now",
        ),
        (
            json!({"auth_time": long_ago}),
            "did not say that you proved just now",
        ),
        (json!({"amr": ["pwd"]}), "without a second factor"),
        (json!({"sub": "eve"}), "another account"),
    ] {
        world.forget_failures().await;
        let left = away(&browser.submit(&page, "form#sso-again", &[]).await);
        let back = world.come_back(&browser, &left, &change).await;
        let to = back.location.clone().unwrap();
        assert_eq!(to, "/login/step-up?next=%2Fprofile", "{change}");
        let page = browser.follow(back).await;
        assert!(
            page.text_of("#problem").contains(words),
            "{change}: {}",
            page.text()
        );
        assert!(is_asked_again(&browser).await, "{change}");
        assert!(is_in(&browser).await, "the login goes on");
    }
    assert_eq!(
        world.count("technician_sign_ons").await,
        1,
        "nothing was tied"
    );
}

#[tokio::test]
async fn a_login_is_as_fresh_as_the_providers_proof() {
    let world = World::start().await;
    world.linked(Role::Owner).await;
    let now = world.app.clock.now().unix_timestamp();
    for (auth_time, is_fresh) in [
        (json!(now), true),
        (json!(now - 240), true),
        (json!(now - 301), false),
        (json!(now + 120), true),
        (Value::Null, false),
    ] {
        let browser = world.app.browser();
        world
            .sign_in(&browser, &json!({"auth_time": auth_time}))
            .await;
        assert!(is_in(&browser).await, "{auth_time}");
        assert_eq!(!is_asked_again(&browser).await, is_fresh, "{auth_time}");
    }
}

#[tokio::test]
async fn whose_login_is_not_tied_is_not_sent_there_and_gains_nothing_by_going() {
    let world = World::start().await;
    let robin = world.app.technician("robin@msp.example", Role::Owner).await;
    let browser = world.app.browser_of(robin).await;
    world.app.advance(Duration::from_secs(301));
    let page = browser.get("/login/step-up").await;
    assert!(!page.has("form#sso-again"));
    let left = away(&browser.post("/login/step-up/sso", &[]).await);
    let back = world.come_back(&browser, &left, &json!({})).await;
    let page = browser.follow(back).await;
    assert!(
        page.text_of("#problem").contains("another account"),
        "{}",
        page.text()
    );
    assert!(is_asked_again(&browser).await);
    assert_eq!(
        world.count("technician_sign_ons").await,
        0,
        "{SUBJECT} is not tied"
    );
}

#[tokio::test]
async fn who_is_elsewhere_signed_in_meanwhile_is_not_proved() {
    let world = World::start().await;
    let browser = signed_in_a_while_ago(&world).await;
    let page = browser.get("/login/step-up").await;
    let left = away(&browser.submit(&page, "form#sso-again", &[]).await);
    let logout = browser.get("/profile").await;
    browser.submit(&logout, "form[action='/logout']", &[]).await;
    let back = world.come_back(&browser, &left, &json!({})).await;
    assert_eq!(back.status, 422, "{}", back.text());
    assert!(!is_in(&browser).await);
}
