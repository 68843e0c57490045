//! Refresh, client credentials and code exchange: what is sent, what is accepted, what a refusal keeps.

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tenantry::entra::{
    App, Certainty, Challenge, Credential, Meaning, Operation, TenantSegment, TokenClass,
};
use url::Url;
use wiremock::ResponseTemplate;

use super::{CLIENT, REFRESH_TOKEN, TENANT};
use super::{
    answering, app, entra, entra_error, json_answer, only_request, refresh, tokens_answer,
};

fn with_secret() -> App {
    App {
        client_id: CLIENT,
        credential: Some(Credential::Secret("Q~the-client-secret/1".into())),
    }
}

fn value<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter()
        .find(|(field, _)| field == name)
        .map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn a_refresh_brings_new_tokens_and_a_record() {
    let server = answering(
        json_answer(200, &tokens_answer())
            .insert_header("x-ms-request-id", "trace-1")
            .insert_header("x-ms-ests-server", "2.1.1 - NEULR1"),
    )
    .await;
    let exchange = refresh(&entra(&server)).await;

    let tokens = exchange.outcome.unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "eyJ0.access");
    assert_eq!(tokens.refresh_token.unwrap().expose_secret(), "1.AXoA-new");
    assert_eq!(tokens.expires_in.unwrap().as_secs(), 4567);
    assert_eq!(
        tokens.scopes,
        ["openid", "https://graph.microsoft.com/User.Read"]
    );
    let call = exchange.call;
    assert_eq!(
        (call.operation, call.http_status),
        (Operation::Refresh, Some(200))
    );
    assert_eq!(call.trace_id.as_deref(), Some("trace-1"));
    assert_eq!(call.ests_server.as_deref(), Some("2.1.1 - NEULR1"));

    let (request, form) = only_request(&server).await;
    assert_eq!(request.url.path(), format!("/{TENANT}/oauth2/v2.0/token"));
    assert_eq!(
        request.headers["client-request-id"],
        call.correlation_id.to_string().as_str()
    );
    assert_eq!(request.headers["return-client-request-id"], "true");
    assert_eq!(request.headers["x-ms-lib-capability"], "retry-after, h429");
    assert_eq!(request.headers["accept-encoding"], "identity");
    assert_eq!(value(&form, "grant_type"), Some("refresh_token"));
    assert_eq!(value(&form, "refresh_token"), Some(REFRESH_TOKEN));
    assert_eq!(
        value(&form, "scope"),
        Some("https://graph.microsoft.com/.default openid profile offline_access")
    );
}

#[tokio::test]
async fn only_the_confidential_class_shows_a_credential() {
    for (class, shown) in [
        (TokenClass::Public, None),
        (TokenClass::Confidential, Some("Q~the-client-secret/1")),
    ] {
        let server = answering(json_answer(200, &tokens_answer())).await;
        let token = SecretString::from(REFRESH_TOKEN);
        let challenge = Challenge::from_json(r#"{"access_token":{"acrs":{"value":"c1"}}}"#);
        let exchange = entra(&server)
            .refresh(
                TENANT,
                &with_secret(),
                class,
                &token,
                "openid",
                challenge.as_ref(),
            )
            .await;
        assert!(exchange.outcome.is_ok());
        let (request, form) = only_request(&server).await;
        assert_eq!(value(&form, "client_secret"), shown);
        assert_eq!(
            value(&form, "claims"),
            Some(r#"{"access_token":{"acrs":{"value":"c1"},"xms_cc":{"values":["cp1"]}}}"#)
        );
        assert!(!request.headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn app_only_tokens_are_had_by_secret_or_by_certificate() {
    let server = answering(json_answer(200, &json!({"token_type":"Bearer","expires_in":86399,"ext_expires_in":86399,"access_token":"at"}))).await;
    let exchange = entra(&server)
        .client_credentials(TENANT, &with_secret(), "https://graph.microsoft.com/", None)
        .await;
    assert!(exchange.outcome.unwrap().refresh_token.is_none());
    let (_, form) = only_request(&server).await;
    assert_eq!(value(&form, "grant_type"), Some("client_credentials"));
    assert_eq!(
        value(&form, "scope"),
        Some("https://graph.microsoft.com/.default")
    );
    assert_eq!(value(&form, "client_secret"), Some("Q~the-client-secret/1"));

    server.reset().await;
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap();
    let by_certificate = App {
        client_id: CLIENT,
        credential: Some(Credential::Certificate {
            private_key_pem: key.serialize_pem().into(),
            certificate_der: certificate.der().to_vec(),
        }),
    };
    let _ = entra(&server)
        .client_credentials(TENANT, &by_certificate, "https://graph.microsoft.com", None)
        .await;
    let (_, form) = only_request(&server).await;
    assert_eq!(
        value(&form, "client_assertion_type"),
        Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    );
    assert_eq!(
        value(&form, "client_assertion").unwrap().split('.').count(),
        3
    );
    assert_eq!(value(&form, "client_secret"), None);
}

#[tokio::test]
async fn an_unreadable_key_is_our_fault_and_nothing_is_sent() {
    let server = answering(json_answer(200, &tokens_answer())).await;
    let broken = App {
        client_id: CLIENT,
        credential: Some(Credential::Certificate {
            private_key_pem: "no key".into(),
            certificate_der: vec![1],
        }),
    };
    let exchange = entra(&server)
        .client_credentials(TENANT, &broken, "https://graph.microsoft.com", None)
        .await;
    assert_eq!(exchange.outcome.unwrap_err().meaning, Meaning::AppLevel);
    assert_eq!(exchange.call.http_status, None);
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_code_is_redeemed_with_its_verifier() {
    let server = answering(json_answer(200, &tokens_answer())).await;
    let back = Url::parse("https://portal.example/onboarding/return").unwrap();
    let segment = TenantSegment::Organizations;
    let exchange = entra(&server)
        .redeem_code(
            &segment,
            &with_secret(),
            &"the-code".into(),
            &"the-verifier".into(),
            &back,
            "openid User.Read",
        )
        .await;
    assert!(exchange.outcome.is_ok());
    let (request, form) = only_request(&server).await;
    assert_eq!(request.url.path(), "/organizations/oauth2/v2.0/token");
    for (name, expected) in [
        ("grant_type", "authorization_code"),
        ("code", "the-code"),
        ("code_verifier", "the-verifier"),
        ("redirect_uri", "https://portal.example/onboarding/return"),
        ("scope", "openid User.Read"),
        ("client_secret", "Q~the-client-secret/1"),
    ] {
        assert_eq!(value(&form, name), Some(expected), "{name}");
    }
}

#[tokio::test]
async fn a_refusal_is_kept_whole() {
    let body = entra_error("invalid_grant", 50173, "bad_token");
    let server = answering(json_answer(400, &body)).await;
    let failure = refresh(&entra(&server)).await.outcome.unwrap_err();
    assert_eq!(failure.meaning, Meaning::Rejected(Certainty::Definitive));
    assert_eq!(failure.error.as_deref(), Some("invalid_grant"));
    assert_eq!(failure.suberror.as_deref(), Some("bad_token"));
    assert_eq!(
        (failure.codes.as_slice(), failure.code()),
        (&[50173][..], Some(50173))
    );
    assert_eq!(
        failure.trace_id.as_deref(),
        Some("0a1b2c3d-0000-4000-8000-00000000a1ff")
    );
    assert_eq!(
        failure.correlation_id.as_deref(),
        Some("9f8e7d6c-0000-4000-8000-00000000c0de")
    );
    assert_eq!(failure.timestamp.as_deref(), Some("2026-03-02 08:15:42Z"));
    assert_eq!(failure.http_status, Some(400));
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&failure.raw).unwrap(),
        body
    );
}

#[tokio::test]
async fn an_error_with_status_200_is_an_error() {
    let server = answering(json_answer(
        200,
        &entra_error("invalid_grant", 700_082, "bad_token"),
    ))
    .await;
    let failure = refresh(&entra(&server)).await.outcome.unwrap_err();
    assert_eq!(failure.meaning, Meaning::Rejected(Certainty::Definitive));
    assert_eq!(failure.codes, [700_082]);
}

#[tokio::test]
async fn good_tokens_are_taken_whatever_the_content_type_says() {
    let body = tokens_answer().to_string();
    let server = answering(ResponseTemplate::new(200).set_body_raw(body, "text/html")).await;
    assert!(refresh(&entra(&server)).await.outcome.is_ok());
}

#[tokio::test]
async fn an_odd_expiry_keeps_the_refresh_token() {
    let mut body = tokens_answer();
    body["expires_in"] = json!("soon");
    let server = answering(json_answer(200, &body)).await;
    let tokens = refresh(&entra(&server)).await.outcome.unwrap();
    assert_eq!(tokens.expires_in, None);
    assert_eq!(tokens.refresh_token.unwrap().expose_secret(), "1.AXoA-new");
}

#[tokio::test]
async fn a_malformed_answer_is_kept_without_its_tokens() {
    let whole = tokens_answer().to_string();
    let cut = &whole[..whole.len() - 30];
    for body in [
        cut.to_owned(),
        whole.replace("Bearer", "pop"),
        whole.replace("eyJ0.access", ""),
    ] {
        let server =
            answering(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
        let failure = refresh(&entra(&server)).await.outcome.unwrap_err();
        assert_eq!(failure.meaning, Meaning::Malformed);
        assert!(failure.raw.contains("token_type"), "{}", failure.raw);
        for secret in ["eyJ0", "AXoA"] {
            assert!(!failure.raw.contains(secret), "{}", failure.raw);
        }
    }
}

#[tokio::test]
async fn what_we_sent_is_masked_where_the_answer_repeats_it() {
    let text = format!("AADSTS9002313: bad {REFRESH_TOKEN} or Q~the-client-secret/1");
    let server = answering(json_answer(
        400,
        &json!({"error":"invalid_grant","error_description":text}),
    ))
    .await;
    let token = SecretString::from(REFRESH_TOKEN);
    let failure = entra(&server)
        .refresh(
            TENANT,
            &with_secret(),
            TokenClass::Confidential,
            &token,
            "openid",
            None,
        )
        .await
        .outcome
        .unwrap_err();
    for kept in [&failure.raw, &failure.description] {
        assert!(
            kept.contains("AADSTS9002313: bad [removed] or [removed]"),
            "{kept}"
        );
    }
    assert_eq!(failure.codes, [9_002_313]);
}

#[tokio::test]
async fn nothing_secret_shows_in_debug() {
    let server = answering(json_answer(200, &tokens_answer())).await;
    let shown = format!(
        "{:?} {:?}",
        refresh(&entra(&server)).await,
        (app(), with_secret())
    );
    for secret in ["eyJ0", "AXoA", "Q~the"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
