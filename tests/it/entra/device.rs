//! The device code flow, one request at a time.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tenantry::entra::{DeviceFailure, Meaning, Operation, Poll, TenantSegment};
use wiremock::MockServer;

use super::{CLIENT, answering, entra, entra_error, json_answer, only_request, tokens_answer};

const DEVICE_CODE: &str = "BAQABAAEAAAD-the-device-code";

async fn poll(server: &MockServer) -> tenantry::entra::Exchange<Poll> {
    let code = SecretString::from(DEVICE_CODE);
    entra(server)
        .poll_device_code(&TenantSegment::Organizations, CLIENT, &code)
        .await
}

#[tokio::test]
async fn a_code_is_asked_for_in_the_persons_language() {
    let server = MockServer::start().await;
    let page = format!("{}/devicelogin", server.uri());
    let body = json!({"user_code":"B6SUYU5PL","device_code":DEVICE_CODE,"verification_uri":page,"expires_in":900,"interval":5,"message":"m"});
    wiremock::Mock::given(wiremock::matchers::any())
        .respond_with(json_answer(200, &body))
        .mount(&server)
        .await;
    let exchange = entra(&server)
        .device_code(
            &TenantSegment::Organizations,
            CLIENT,
            "openid offline_access",
            Some("de-DE"),
        )
        .await;
    assert_eq!(exchange.call.operation, Operation::DeviceCode);
    let code = exchange.outcome.unwrap();
    assert_eq!(code.user_code.expose_secret(), "B6SUYU5PL");
    assert_eq!(code.verification_uri.as_str(), page);

    let (request, form) = only_request(&server).await;
    assert_eq!(request.url.path(), "/organizations/oauth2/v2.0/devicecode");
    assert_eq!(request.url.query(), Some("mkt=de-DE"));
    let scope = ("scope".to_owned(), "openid offline_access".to_owned());
    assert!(form.contains(&scope) && form.len() == 2, "{form:?}");
}

#[tokio::test]
async fn a_page_on_a_foreign_host_is_refused_and_no_code_is_kept() {
    let body = json!({"user_code":"B6SUYU5PL","device_code":DEVICE_CODE,"verification_uri":"https://evil.example/","expires_in":900});
    let server = answering(json_answer(200, &body)).await;
    let exchange = entra(&server)
        .device_code(&TenantSegment::Organizations, CLIENT, "openid", None)
        .await;
    let failure = exchange.outcome.unwrap_err();
    assert_eq!(failure.meaning, Meaning::Malformed);
    assert!(
        failure.description.contains("known host"),
        "{}",
        failure.description
    );
    assert!(
        !failure.raw.contains("B6SUYU5PL") && !failure.raw.contains("BAQABAAEAAAD"),
        "{}",
        failure.raw
    );
}

#[tokio::test]
async fn waiting_is_no_failure() {
    for (status, error, code, slow) in [
        (400, "authorization_pending", 70016, false),
        (400, "slow_down", 0, true),
    ] {
        let server = answering(json_answer(status, &entra_error(error, code, ""))).await;
        let exchange = poll(&server).await;
        assert_eq!(exchange.call.http_status, Some(400));
        match exchange.outcome.unwrap() {
            Poll::Pending => assert!(!slow),
            Poll::SlowDown => assert!(slow),
            Poll::Tokens(_) => panic!("tokens out of {error}"),
        }
    }
}

#[tokio::test]
async fn the_persons_sign_in_brings_tokens() {
    let server = answering(json_answer(200, &tokens_answer())).await;
    let Poll::Tokens(tokens) = poll(&server).await.outcome.unwrap() else {
        panic!("no tokens");
    };
    assert_eq!(tokens.refresh_token.unwrap().expose_secret(), "1.AXoA-new");
    let (_, form) = only_request(&server).await;
    let names: Vec<_> = form.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["grant_type", "client_id", "device_code"]);
    assert_eq!(form[0].1, "urn:ietf:params:oauth:grant-type:device_code");
}

#[tokio::test]
async fn every_end_of_the_flow_is_told_apart() {
    for (status, error, code, suberror, expected) in [
        (
            400,
            "authorization_declined",
            700_171,
            "",
            DeviceFailure::Declined,
        ),
        (400, "access_denied", 65_004, "", DeviceFailure::Declined),
        (400, "expired_token", 70_020, "", DeviceFailure::Expired),
        (400, "code_expired", 70_019, "", DeviceFailure::Expired),
        (
            400,
            "bad_verification_code",
            70_018,
            "",
            DeviceFailure::BadCode,
        ),
        (400, "invalid_grant", 7_000_014, "", DeviceFailure::BadCode),
        (
            400,
            "invalid_grant",
            53_003,
            "message_only",
            DeviceFailure::Refused,
        ),
        (401, "invalid_grant", 50_097, "", DeviceFailure::Refused),
        (
            401,
            "invalid_client",
            7_000_218,
            "",
            DeviceFailure::Application,
        ),
        (400, "invalid_grant", 50_196, "", DeviceFailure::Throttled),
        (
            503,
            "temporarily_unavailable",
            90_033,
            "",
            DeviceFailure::Trouble,
        ),
        (
            503,
            "authorization_pending",
            70_016,
            "",
            DeviceFailure::Trouble,
        ),
    ] {
        let server = answering(json_answer(status, &entra_error(error, code, suberror))).await;
        let failure = poll(&server).await.outcome.expect_err(error);
        assert_eq!(failure.device(), expected, "{error} {code}");
    }
}
