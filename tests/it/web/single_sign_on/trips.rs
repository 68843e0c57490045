//! The way there and back: works once, in the browser that left, for ten minutes, and leads nowhere else.

use std::time::Duration;

use aws_lc_rs::digest;
use serde_json::json;
use tenantry::domain::technician::Role;
use url::form_urlencoded::parse;
use wiremock::ResponseTemplate;

use super::pretend::b64;
use super::{NEEDS_LOGIN, World, away, is_in};

#[tokio::test]
async fn a_linked_technician_comes_in_and_lands_on_the_page_that_was_asked_for() {
    let world = World::start().await;
    world.linked(Role::Technician).await;
    let browser = world.app.browser();
    let login = browser.open(NEEDS_LOGIN).await;
    assert!(login.text().contains("Sign in with Harbour ID"));
    let left = away(&browser.submit(&login, "form#sso", &[]).await);
    let before = browser.cookie("sid").unwrap();
    let page = world
        .come_back(&browser, &left, &json!({"amr": ["pwd", "mfa"]}))
        .await;
    assert_eq!(
        (page.status, page.location.as_deref()),
        (303, Some(NEEDS_LOGIN)),
        "{}",
        page.text()
    );
    assert!(is_in(&browser).await);
    assert_ne!(
        browser.cookie("sid").unwrap(),
        before,
        "a new id at the login"
    );
    assert_eq!(
        world.app.audit().await,
        [
            "technician.sign_on_proved done",
            "technician.signed_in done"
        ]
    );
}

#[tokio::test]
async fn the_way_there_asks_for_a_code_with_pkce_state_and_nonce_and_for_nothing_else() {
    let world = World::start().await;
    let left = world.leave(&world.app.browser()).await;
    let query = left.address.query().unwrap();
    let has = |pair: &str| query.contains(pair);
    assert!(
        has("response_type=code") && has("code_challenge_method=S256"),
        "{query}"
    );
    assert!(
        has("client_id=tenantry") && has("scope=openid+profile+email"),
        "{query}"
    );
    assert!(query.contains("%2Flogin%2Freturn"), "{query}");
    assert!(left.state.len() >= 43 && left.nonce.len() >= 43);
    world.linked(Role::Viewer).await;
    let browser = world.app.browser();
    let left = world.leave(&browser).await;
    assert_eq!(
        world.come_back(&browser, &left, &json!({})).await.status,
        303
    );
    let sent = world.idp.exchanges().await.remove(0);
    let verifier = parse(sent.as_bytes())
        .find(|(name, _)| name == "code_verifier")
        .unwrap()
        .1
        .into_owned();
    let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
    assert_eq!(
        b64(hash),
        left.challenge,
        "the verifier belongs to the challenge"
    );
}

#[tokio::test]
async fn a_form_is_never_redirected_to_the_provider_and_looking_changes_nothing() {
    let world = World::start().await;
    let browser = world.app.browser();
    for page in ["/login", "/login/sso", "/login/sso?next=%2Ftenants"] {
        assert_eq!(browser.get(page).await.status, 200, "{page}");
    }
    assert_eq!(
        (
            world.count("sign_on_trips").await,
            world.count("login_sessions").await
        ),
        (0, 0)
    );
    let page = browser.post("/login/sso/start", &[]).await;
    assert_eq!((page.status, page.location.as_deref()), (200, None));
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self'")
    );
    assert_eq!(world.count("sign_on_trips").await, 1);
}

#[tokio::test]
async fn an_answer_works_once_and_only_in_the_browser_that_left() {
    let world = World::start().await;
    world.linked(Role::Owner).await;
    let (browser, other) = (world.app.browser(), world.app.browser());
    let left = world.leave(&browser).await;
    let others = world.leave(&other).await;
    for (who, state) in [
        (&other, &left.state),
        (&world.app.browser(), &left.state),
        (&other, &"x".to_owned()),
    ] {
        let page = who
            .get(&format!("/login/return?code=c&state={state}"))
            .await;
        assert_eq!(page.status, 422);
        assert!(
            page.text_of("#problem").contains("another browser"),
            "{}",
            page.text()
        );
    }
    assert!(
        world.idp.exchanges().await.is_empty(),
        "no code was even tried"
    );
    assert_eq!(
        world
            .come_back(&other, &others, &json!({"nonce": left.nonce}))
            .await
            .status,
        422,
        "mixed up"
    );
    assert_eq!(
        world.come_back(&browser, &left, &json!({})).await.status,
        303
    );
    let (again, used) = (world.app.browser(), world.idp.exchanges().await.len());
    again.set_cookie("sid", &browser.cookie("sid").unwrap());
    let replayed = world.come_back(&again, &left, &json!({})).await;
    assert_eq!(
        (replayed.status, replayed.location.as_deref()),
        (303, Some("/profile/single-sign-on"))
    );
    assert_eq!(
        world.idp.exchanges().await.len(),
        used,
        "a replayed state tries no code"
    );
    assert_eq!(world.last_reason().await, "unknown state");
}

#[tokio::test]
async fn of_twenty_answers_at_once_one_works() {
    let world = World::start().await;
    world.linked(Role::Viewer).await;
    let browser = world.app.browser();
    let left = world.leave(&browser).await;
    world
        .idp
        .give(&world.idp.sign(&world.claims(&left, &json!({}))));
    let path = format!("/login/return?code=c&state={}", left.state);
    let sid = browser.cookie("sid").unwrap();
    let tries = (0..20).map(|_| async {
        let one = world.app.browser();
        one.set_cookie("sid", &sid);
        one.get(&path).await.status
    });
    let ended = futures_util::future::join_all(tries).await;
    assert_eq!(world.idp.exchanges().await.len(), 1, "{ended:?}");
    let audit = world.app.audit().await;
    assert_eq!(
        audit
            .iter()
            .filter(|entry| *entry == "technician.signed_in done")
            .count(),
        1,
        "{audit:?}"
    );
}

#[tokio::test]
async fn several_may_be_in_flight_and_none_longer_than_ten_minutes() {
    let world = World::start().await;
    world.linked(Role::Viewer).await;
    let browser = world.app.browser();
    let (first, second) = (world.leave(&browser).await, world.leave(&browser).await);
    assert_eq!(
        world.come_back(&browser, &first, &json!({})).await.status,
        303
    );
    let late = world.app.browser();
    let left = world.leave(&late).await;
    world.app.advance(Duration::from_secs(601));
    assert_eq!(world.come_back(&late, &left, &json!({})).await.status, 422);
    drop(second);
    for _ in 0..8 {
        world.leave(&late).await;
    }
    let (swept, now) = (world.count("sign_on_trips").await, world.app.clock.now());
    let gone = tenantry::domain::sign_on::sweep(&world.app.app.pool, now)
        .await
        .unwrap();
    assert_eq!(
        (world.count("sign_on_trips").await, gone.cast_signed()),
        (5, swept - 5),
        "five of one browser"
    );
}

#[tokio::test]
async fn a_sign_on_leads_to_no_other_site() {
    let world = World::start().await;
    world.linked(Role::Viewer).await;
    for evil in [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "/login/return?code=1",
        "javascript:x",
    ] {
        let browser = world.app.browser();
        let left = away(&browser.post("/login/sso/start", &[("next", evil)]).await);
        let page = world.come_back(&browser, &left, &json!({})).await;
        assert_eq!(
            (page.status, page.location.as_deref()),
            (303, Some("/")),
            "{evil}"
        );
    }
}

#[tokio::test]
async fn what_goes_wrong_at_the_provider_is_said_in_our_words() {
    let world = World::start().await;
    world.linked(Role::Viewer).await;
    let hostile = "%3Cscript%3Ealert(1)%3C/script%3E";
    for (answer, status, words) in [
        (
            format!("error=access_denied&error_description={hostile}"),
            422,
            "did not let the sign-in through",
        ),
        (
            format!("error={hostile}"),
            422,
            "did not let the sign-in through",
        ),
        (
            "error=temporarily_unavailable".into(),
            503,
            "does not answer right now",
        ),
        (
            format!("code=c&iss={hostile}"),
            422,
            "did not come from Harbour ID",
        ),
        (
            "code=c&iss=https%3A%2F%2Fevil.example".into(),
            422,
            "did not come from Harbour ID",
        ),
    ] {
        let browser = world.app.browser();
        let left = world.leave(&browser).await;
        let page = browser
            .get(&format!("/login/return?state={}&{answer}", left.state))
            .await;
        assert_eq!(page.status, status, "{answer}: {}", page.text());
        assert!(
            page.text_of("#problem").contains(words),
            "{answer}: {}",
            page.text()
        );
        assert!(!page.body.contains("alert(1)"), "{answer}");
        assert!(!is_in(&browser).await);
    }
    for (answer, status, words) in [
        (
            ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_grant"})),
            422,
            "used already",
        ),
        (
            ResponseTemplate::new(401).set_body_json(json!({"error": "invalid_client"})),
            502,
            "tenantry doctor",
        ),
        (
            ResponseTemplate::new(200).set_body_string("<html>"),
            502,
            "tenantry doctor",
        ),
        (
            ResponseTemplate::new(200).set_body_bytes(vec![b'x'; 200_000]),
            502,
            "tenantry doctor",
        ),
        (
            ResponseTemplate::new(302).insert_header("location", "http://127.0.0.1:1/"),
            502,
            "tenantry doctor",
        ),
    ] {
        world.forget_failures().await;
        let browser = world.app.browser();
        let left = world.leave(&browser).await;
        world.idp.answer(answer);
        let page = browser
            .get(&format!("/login/return?code=c&state={}", left.state))
            .await;
        assert_eq!(page.status, status, "{}", page.text());
        assert!(page.text_of("#problem").contains(words), "{}", page.text());
    }
}
