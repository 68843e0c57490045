//! "Token details".

use serde_json::json;
use tenantry::domain::technician::Role;
use tenantry::keeper::message::look::{Answer, Parts, Token};
use tenantry::keeper::message::{Refusal, Reply};

use crate::support::app::TestApp;
use crate::support::fleet::Fleet;

async fn stage() -> TestApp {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    fleet.connection(tenant, "active").await;
    app
}

fn token(app: &TestApp, parts: Option<Parts>) -> Reply {
    Reply::Looked(Answer::Token(Token {
        acquired_at: app.clock.now(),
        expires_at: app.clock.now(),
        parts,
    }))
}

#[tokio::test]
async fn claims_come_with_their_meaning_once_asked_for() {
    let app = stage().await;
    let browser = app.login(Role::Technician).await;
    let page = browser.get("/tenants/alder/tokens/graph").await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("Lives 2 hours") || page.text().contains("2 hours"));
    assert!(!page.has("table.claims"));
    assert!(
        app.keeper.asked().is_empty(),
        "looking at the page asks nobody"
    );
    let object = |value: serde_json::Value| value.as_object().unwrap().clone();
    let parts = Parts {
        header: object(json!({"alg": "RS256"})),
        claims: object(
            json!({"aud": "https://graph.microsoft.com", "exp": 1_790_000_000, "x": "<b>"}),
        ),
    };
    app.keeper.answer_next("look", token(&app, Some(parts)));
    let page = browser.submit(&page, "main form", &[]).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(
        page.texts("table.claims td[data-label=Claim]"),
        ["alg", "aud", "exp", "x"]
    );
    let text = page.text();
    assert!(text.contains("For which API the token is good"), "{text}");
    assert!(text.contains("2026-09-21 14:13 UTC"), "{text}");
}

#[tokio::test]
async fn an_opaque_or_vanished_token_is_said_to_be_so() {
    let app = stage().await;
    let browser = app.login(Role::Technician).await;
    app.keeper.answer_next("look", token(&app, None));
    let page = browser.post("/tenants/alder/tokens/azure", &[]).await;
    assert!(page.text().contains("opaque"), "{}", page.text());
    app.keeper
        .answer_next("look", Reply::Refused(Refusal::NotThere));
    let page = browser.post("/tenants/alder/tokens/azure", &[]).await;
    assert_eq!(page.status, 200);
    assert!(!page.has("table.claims"));
}

#[tokio::test]
async fn who_may_not_look_and_what_is_not_there() {
    let app = stage().await;
    let viewer = app.login(Role::Viewer).await;
    let page = viewer.get("/tenants/alder/tokens/graph").await;
    assert_eq!(page.status, 200);
    assert!(!page.has("main form"));
    assert_eq!(
        viewer.post("/tenants/alder/tokens/graph", &[]).await.status,
        403
    );
    let browser = app.login(Role::Owner).await;
    for path in [
        "/tenants/alder/tokens/teams",
        "/tenants/alder/tokens/sharepoint",
        "/tenants/birch/tokens/graph",
    ] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    let nobody = app.browser().get("/tenants/alder/tokens/graph").await;
    assert_eq!(nobody.status, 303);
}
