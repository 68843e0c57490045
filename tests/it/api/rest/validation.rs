//! "Validate Authentication" by a script.

use serde_json::{Value, json};
use tenantry::simulator::directory::{Cause, FaultKind, NewFault};

use super::super::stage::Answer;
use super::{cedar, gold, last_act, post_once, stage};

const PATH: &str = "/api/v1/tenants/contoso/validation";

fn outcomes(answer: &Answer, check: &str) -> Vec<Value> {
    let body = answer.json();
    let checks = body["checks"].as_array().unwrap();
    let found = checks.iter().filter(|one| one["check"] == check);
    found.map(|one| one["outcome"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checks_are_run_and_recorded_once_however_often_it_is_sent() {
    let (stage, script) = stage().await;
    let done = post_once(&script, PATH, "once", &json!({})).await;
    assert_eq!(done.status, 200, "{done:?}");
    let run = done.json();
    assert_eq!(
        (&run["passed"], &run["tenant"]["short_name"]),
        (&json!(true), &json!("contoso"))
    );
    assert_eq!(outcomes(&done, "refresh").len(), 4, "a token each");
    assert_eq!(outcomes(&done, "tenant"), ["passed"]);
    assert!(!done.text.contains("eyJ"), "and no token is told");
    let again = post_once(&script, PATH, "once", &json!({})).await;
    assert_eq!(again.json(), run);
    assert_eq!(stage.count("select count(*) from validations").await, 1);
    let (kind, name, details) = last_act(&stage, "connection.validated").await;
    assert_eq!(
        (kind.as_str(), details),
        ("key", json!({ "failed_checks": [] }))
    );
    assert!(name.starts_with("rest ("), "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_authorisation_is_a_result_with_the_error_that_tells_why() {
    let (stage, script) = stage().await;
    stage.world.kill(&Cause::PasswordChange);
    let done = script.post(PATH, &json!({})).await;
    assert_eq!(done.status, 200, "{done:?}");
    let run = done.json();
    assert_eq!(run["passed"], false);
    assert_eq!(outcomes(&done, "account"), ["skipped"]);
    let failed = &run["checks"][0];
    assert_eq!(failed["outcome"], "failed");
    let error = script
        .get(&format!("/api/v1/msal-errors/{}", failed["msal_error_id"]))
        .await
        .json();
    assert_eq!(error["diagnosis"]["cause"], "password_changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_meanwhile_is_given_the_same_run() {
    let (stage, script) = stage().await;
    let slow = NewFault::on_tokens(None, FaultKind::Slow { milliseconds: 1000 }, 1);
    stage.world.directory().add_fault(slow).unwrap();
    let ask = async || script.post(PATH, &json!({})).await;
    let (one, two, three) = tokio::join!(ask(), ask(), ask());
    assert_eq!(one.status, 200, "{one:?}");
    assert_eq!(one.json(), two.json());
    assert_eq!(one.json(), three.json());
    assert_eq!(stage.count("select count(*) from validations").await, 1);
    assert_eq!(script.post(PATH, &json!({})).await.status, 200);
    assert_eq!(
        stage.count("select count(*) from validations").await,
        2,
        "and whoever comes afterwards gets one of their own"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_anything_to_validate_it_says_what_to_do() {
    let (stage, script) = stage().await;
    script.post("/api/v1/tenants", &cedar()).await;
    let none = script
        .post("/api/v1/tenants/cedar/validation", &json!({}))
        .await;
    assert_eq!((none.status, none.code().as_str()), (409, "not_connected"));
    let page = none.json()["console_url"].as_str().unwrap().to_owned();
    assert!(
        page.ends_with("/tenants/cedar/configuration/m365"),
        "{page}"
    );
    script
        .post("/api/v1/tenants/contoso/suspension", &json!({}))
        .await;
    let paused = script.post(PATH, &json!({})).await;
    assert_eq!(
        (paused.status, paused.code().as_str()),
        (409, "tenant_suspended")
    );
    let gold = gold(&stage).await;
    let foreign = gold.post(PATH, &json!({})).await;
    let absent = gold
        .post("/api/v1/tenants/nowhere/validation", &json!({}))
        .await;
    assert_eq!((foreign.status, foreign.code()), (404, absent.code()));
    assert_eq!(stage.count("select count(*) from validations").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_no_body_says_so_rather_than_ignore_one() {
    let (stage, script) = stage().await;
    for body in [
        json!({ "check": "account" }),
        json!([]),
        json!("x".repeat(5_000)),
    ] {
        let answer = script.post(PATH, &body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "bad_request"),
            "{answer:?}"
        );
        assert!(
            answer.json()["detail"]
                .as_str()
                .unwrap()
                .contains("no body")
        );
    }
    let read = script.request(reqwest::Method::GET, "/api/v1/key");
    assert_eq!(script.send(read.json(&json!({ "x": 1 }))).await.status, 400);
    assert_eq!(stage.count("select count(*) from validations").await, 0);
    for none in ["", " ", "{\r\n}"] {
        let bare = script.request(reqwest::Method::POST, PATH);
        assert_eq!(script.send(bare.body(none)).await.status, 200);
    }
}
