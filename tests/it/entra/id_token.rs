//! Verifying who signed in, with keys fetched from the sign-in host.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use tenantry::clock::Clock;
use tenantry::entra::{Entra, Expect, IdTokenCheck, IdTokenError, Operation};
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{CLIENT, TENANT, entra_at};

/// A sign-in host with one signing key, and a client of it.
struct Host {
    server: MockServer,
    key: EncodingKey,
    clock: Clock,
    entra: Entra,
}

impl Host {
    async fn start() -> Self {
        let pem = KeyPair::generate_for(&PKCS_RSA_SHA256)
            .unwrap()
            .serialize_pem();
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
        let (server, clock) = (MockServer::start().await, Clock::system());
        let entra = entra_at(&server.uri(), clock.clone());
        let host = Self {
            server,
            key,
            clock,
            entra,
        };
        host.publish("k1").await;
        host
    }

    async fn publish(&self, kid: &str) {
        let jwk = Jwk::from_encoding_key(&self.key, Algorithm::RS256).unwrap();
        let mut jwk: Map<String, Value> =
            serde_json::from_value(serde_json::to_value(jwk).unwrap()).unwrap();
        let issuer = format!("{}/{{tenantid}}/v2.0", self.server.uri());
        jwk.insert("kid".into(), kid.into());
        jwk.insert("issuer".into(), issuer.into());
        self.server.reset().await;
        Mock::given(path("/organizations/discovery/v2.0/keys"))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "keys": [jwk] })))
            .mount(&self.server)
            .await;
    }

    async fn check(&self, kid: &str) -> IdTokenCheck {
        let now = self.clock.now().unix_timestamp();
        let claims = json!({"aud":CLIENT,"iss":format!("{}/{TENANT}/v2.0", self.server.uri()),"tid":TENANT,"oid":CLIENT,
            "iat":now,"nbf":now,"exp":now + 3600});
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(kid.into());
        let token = jsonwebtoken::encode(&header, &claims, &self.key).unwrap();
        self.entra
            .verify_id_token(&SecretString::from(token), expect())
            .await
    }
}

fn expect() -> Expect<'static> {
    Expect {
        client_id: CLIENT,
        tenant: Some(TENANT),
        nonce: None,
    }
}

#[tokio::test]
async fn keys_are_fetched_once_a_day() {
    let host = Host::start().await;
    let first = host.check("k1").await;
    assert_eq!(first.outcome.unwrap().tid, TENANT);
    assert_eq!(first.keys_call.unwrap().operation, Operation::Jwks);
    assert!(host.check("k1").await.keys_call.is_none());
    host.clock.advance(Duration::from_hours(24));
    let next_day = host.check("k1").await;
    assert!(next_day.outcome.is_ok() && next_day.keys_call.is_some());
}

#[tokio::test]
async fn a_rolled_key_is_found_but_not_asked_for_more_than_every_five_minutes() {
    let host = Host::start().await;
    assert!(host.check("k1").await.outcome.is_ok());
    host.publish("k2").await;
    let at_once = host.check("k2").await;
    assert!(
        matches!(at_once.outcome, Err(IdTokenError::UnknownKey)) && at_once.keys_call.is_none()
    );
    host.clock.advance(Duration::from_mins(5));
    let later = host.check("k2").await;
    assert!(later.outcome.is_ok() && later.keys_call.is_some());
}

#[tokio::test]
async fn old_keys_serve_on_while_new_ones_cannot_be_had() {
    let host = Host::start().await;
    assert!(host.check("k1").await.outcome.is_ok());
    host.server.reset().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(503))
        .mount(&host.server)
        .await;
    host.clock.advance(Duration::from_hours(25));
    let check = host.check("k1").await;
    assert!(check.outcome.is_ok());
    assert_eq!(check.keys_call.unwrap().http_status, Some(503));
    host.clock.advance(Duration::from_mins(5));
    assert!(matches!(
        host.check("k9").await.outcome,
        Err(IdTokenError::KeysUnavailable(_))
    ));
}

#[tokio::test]
async fn a_token_that_is_none_costs_no_request() {
    let host = Host::start().await;
    let unsigned = format!(
        "{}.e30.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"k1"}"#)
    );
    for nonsense in ["", "x", &unsigned] {
        let check = host
            .entra
            .verify_id_token(&SecretString::from(nonsense), expect())
            .await;
        assert!(check.outcome.is_err() && check.keys_call.is_none());
    }
}
