//! Troubles on the wire: throttling, outages, slow and mangled answers, scripted errors.

use serde_json::json;
use tenantry::simulator::directory::Mode;

use super::support::{GRAPH, World};

async fn add(world: &World, fault: serde_json::Value) {
    world.control("faults", fault).await;
}

#[tokio::test]
async fn throttled_for_two_calls_with_retry_after_and_then_no_more() {
    let world = World::new().await;
    let token = world.onboard().await;
    let token = token.text("refresh_token");
    add(
        &world,
        json!({"tenant": "contoso.example", "kind": "throttled", "retry_after": 17, "count": 2}),
    )
    .await;
    for _ in 0..2 {
        let reply = world.refresh(token).await;
        assert_eq!((reply.status, reply.code()), (429, 90055));
        assert_eq!(reply.headers["retry-after"], "17");
    }
    assert_eq!(world.refresh(token).await.status, 200);
}

#[tokio::test]
async fn throttled_for_a_while() {
    let world = World::new().await;
    let token = world.onboard().await;
    let token = token.text("refresh_token");
    add(
        &world,
        json!({"kind": "throttled", "retry_after": 60, "seconds": 60}),
    )
    .await;
    assert_eq!(world.refresh(token).await.status, 429);
    world.pass(61);
    assert_eq!(world.refresh(token).await.status, 200);
}

#[tokio::test]
async fn an_outage_is_html_and_meets_all() {
    let world = World::new().await;
    add(
        &world,
        json!({"kind": "outage", "status": 504, "area": "any", "count": 3}),
    )
    .await;
    let response = world
        .http
        .get(world.url("common/v2.0/.well-known/openid-configuration"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 504);
    assert!(response.text().await.unwrap().contains("<html>"));
    assert_eq!(world.begin_device(GRAPH).await.status, 504);
    assert_eq!(world.poll("any").await.status, 504);
    assert_eq!(world.begin_device(GRAPH).await.status, 200);
}

#[tokio::test]
async fn faults_of_one_tenant_leave_others_alone_also_without_the_tenant_in_the_address() {
    let world = World::new().await;
    world
        .directory()
        .add_tenant(tenantry::simulator::directory::NewTenant::named(
            "Fabrikam",
            "fabrikam.example",
        ))
        .unwrap();
    add(
        &world,
        json!({"tenant": "fabrikam.example", "kind": "outage", "status": 503, "count": 9}),
    )
    .await;
    let begun = world.begin_device(GRAPH).await;
    assert_eq!(world.poll(begun.text("device_code")).await.status, 400);
    let token = world.onboard().await;
    assert_eq!(world.refresh(token.text("refresh_token")).await.status, 200);
}

#[tokio::test]
async fn a_truncated_answer_breaks_off_though_the_token_was_issued() {
    let world = World::with_mode(Mode::Strict).await;
    let token = world.onboard().await;
    let token = token.text("refresh_token");
    add(
        &world,
        json!({"kind": "truncated", "grant": "refresh_token"}),
    )
    .await;
    let response = world
        .http
        .post(world.url(&format!("{}/oauth2/v2.0/token", world.tenant)))
        .form(&[
            ("client_id", world.client.to_string().as_str()),
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("scope", GRAPH),
        ])
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    response.bytes().await.expect_err("the body was cut");
    assert_eq!(world.directory().ledger(false).len(), 2);
    assert!(
        !world.works(token),
        "strict rotation: the answer is lost, and so is the token"
    );
}

#[tokio::test]
async fn answers_of_another_shape() {
    let world = World::new().await;
    let token = world.onboard().await;
    let token = token.text("refresh_token");
    for kind in ["wrong_json", "html", "empty"] {
        add(&world, json!({"kind": kind})).await;
        let reply = world.refresh(token).await;
        assert_eq!(reply.status, 200, "{kind}");
        assert_eq!(reply.text("access_token"), "", "{kind}");
    }
    add(&world, json!({"kind": "no_refresh_token"})).await;
    let reply = world.refresh(token).await;
    assert_eq!(reply.text("refresh_token"), "");
    assert!(!reply.text("access_token").is_empty());
}

#[tokio::test]
async fn slow_answers_come_late_and_whole() {
    let world = World::new().await;
    let token = world.onboard().await;
    add(&world, json!({"kind": "slow", "milliseconds": 300})).await;
    let before = tokio::time::Instant::now();
    let reply = world.refresh(token.text("refresh_token")).await;
    assert_eq!(reply.status, 200);
    assert!(before.elapsed().as_millis() >= 300);
}

#[tokio::test]
async fn scripted_errors_known_or_not_stacked_or_not() {
    let world = World::new().await;
    let token = world.onboard().await;
    let token = token.text("refresh_token");
    add(
        &world,
        json!({"kind": "error", "code": 987_654, "count": 1}),
    )
    .await;
    let unknown = world.refresh(token).await;
    assert_eq!(unknown.refusal(), (400, "invalid_grant", "", 987_654));

    add(
        &world,
        json!({"kind": "error", "code": 50012, "error": "invalid_client", "status": 401, "stacked": true,
            "text": "Invalid client secret is provided."}),
    )
    .await;
    let stacked = world.refresh(token).await;
    assert_eq!(stacked.refusal(), (401, "invalid_client", "", 50012));
    assert_eq!(stacked.body["error_codes"], json!([70002, 50012]));
    let text = stacked.text("error_description");
    assert!(
        text.starts_with("AADSTS70002: Error validating credentials. AADSTS50012: "),
        "{text}"
    );
    assert_eq!(world.refresh(token).await.status, 200);
}

#[tokio::test]
async fn faults_can_be_listed_and_taken_back() {
    let world = World::new().await;
    add(&world, json!({"kind": "outage", "status": 503, "count": 5})).await;
    let listed = world.get("control/api/faults").await;
    assert_eq!(listed.body[0]["remaining"], 5);
    let gone = world
        .http
        .delete(world.url("control/api/faults"))
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), 204);
    assert_eq!(world.get("control/api/faults").await.body, json!([]));
}
