//! A provider that is away, clocks that differ, and guessing.

use std::time::Duration;

use serde_json::json;
use tenantry::domain::technician::Role;

use super::World;
use crate::support::app::TestApp;

#[tokio::test]
async fn a_provider_that_is_away_keeps_nobody_waiting_and_the_password_works() {
    let app = super::portal("http://127.0.0.1:1", &[]).await;
    let browser = app.browser();
    let page = browser.post("/login/sso/start", &[]).await;
    assert_eq!(page.status, 503);
    assert!(
        page.text_of("#problem")
            .contains("does not answer right now")
    );
    app.technician_with_password("robin@msp.example", "correct horse battery", Role::Viewer)
        .await;
    let fields = [
        ("email", "robin@msp.example"),
        ("password", "correct horse battery"),
    ];
    assert_eq!(browser.post("/login", &fields).await.status, 303);
}

#[tokio::test]
async fn clocks_that_differ_are_named_as_the_cause() {
    let world = World::start().await;
    world.linked(Role::Viewer).await;
    let now = world.app.clock.now().unix_timestamp();
    for skewed in [
        json!({"iat": now + 900, "exp": now + 1500}),
        json!({"iat": now - 900, "exp": now - 301}),
    ] {
        let browser = world.app.browser();
        let page = world.sign_in(&browser, &skewed).await;
        assert_eq!(page.status, 422);
        assert!(
            page.text_of("#problem").contains("clocks"),
            "{}",
            page.text()
        );
    }
    let near = json!({"iat": now + 200, "nbf": now + 200, "exp": now - 200});
    assert_eq!(
        world.sign_in(&world.app.browser(), &near).await.status,
        303,
        "five minutes are forgiven"
    );
}

#[tokio::test]
async fn guessing_states_gets_slower_by_the_same_counters() {
    let world = World::start().await;
    world.linked(Role::Viewer).await;
    for _ in 0..25 {
        assert_eq!(
            world
                .app
                .browser()
                .get("/login/return?code=c&state=guess")
                .await
                .status,
            422
        );
    }
    let page = world
        .app
        .browser()
        .get("/login/return?code=c&state=guess")
        .await;
    assert_eq!(page.status, 429);
    assert!(!page.header("retry-after").is_empty());
    let browser = world.app.browser();
    let left = world.leave(&browser).await;
    assert_eq!(
        world.come_back(&browser, &left, &json!({})).await.status,
        429,
        "a good one too"
    );
    world.app.advance(Duration::from_mins(5));
    assert_eq!(
        world.come_back(&browser, &left, &json!({})).await.status,
        303,
        "and it was not used up"
    );
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_page() {
    let app = TestApp::start().await;
    let browser = app.browser();
    assert!(!browser.get("/login").await.has("form#sso"));
    for page in ["/login/sso", "/login/return?code=c&state=s"] {
        assert_eq!(browser.get(page).await.status, 404, "{page}");
    }
    assert_eq!(browser.post("/login/sso/start", &[]).await.status, 404);
    let viewer = app.login(Role::Viewer).await;
    assert_eq!(viewer.get("/profile/single-sign-on").await.status, 404);
}
