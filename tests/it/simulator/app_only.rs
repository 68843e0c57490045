//! Client credentials: secret, certificate, and what goes wrong with them.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};
use tenantry::simulator::directory::{ClientCertificate, required_access};
use time::OffsetDateTime;

use super::support::{Reply, SECRET, World, app, claims};

const SCOPE: &str = "https://graph.microsoft.com/.default";

/// A world in which the organisation has consented.
async fn consented() -> World {
    let world = World::new().await;
    world
        .directory()
        .grant_admin_consent("contoso.example", world.client, None)
        .unwrap();
    world
}

async fn with_secret(world: &World, secret: &str) -> Reply {
    world
        .token(
            &world.tenant.to_string(),
            &[
                ("grant_type", "client_credentials"),
                ("client_secret", secret),
                ("scope", SCOPE),
            ],
        )
        .await
}

#[tokio::test]
async fn four_fields_and_the_roles_that_were_consented_to() {
    let world = consented().await;
    let reply = with_secret(&world, SECRET).await;
    assert_eq!(reply.status, 200);
    let fields: Vec<_> = reply.body.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        ["token_type", "expires_in", "ext_expires_in", "access_token"]
    );
    let token = claims(reply.text("access_token"));
    assert_eq!(
        token["roles"],
        json!(["Directory.Read.All", "Organization.Read.All"])
    );
    assert_eq!(token["idtyp"], "app");
}

#[tokio::test]
async fn wrong_expired_and_missing_secrets_are_told_apart() {
    let world = consented().await;
    let wrong = with_secret(&world, "5ec00000-the-id-not-the-value").await;
    assert_eq!(wrong.refusal(), (401, "invalid_client", "", 7_000_215));
    let missing = world
        .token(
            &world.tenant.to_string(),
            &[("grant_type", "client_credentials"), ("scope", SCOPE)],
        )
        .await;
    assert_eq!(missing.refusal(), (401, "invalid_client", "", 7_000_218));

    let client = json!(world.client);
    world
        .control(
            "kill",
            json!({"client_id": client, "cause": "secret_expired"}),
        )
        .await;
    let expired = with_secret(&world, SECRET).await;
    assert_eq!(expired.refusal(), (401, "invalid_client", "", 7_000_222));
    world.control("restore", json!({"client_id": client})).await;
    assert_eq!(with_secret(&world, SECRET).await.status, 200);

    world
        .control(
            "kill",
            json!({"client_id": client, "cause": "secret_wrong"}),
        )
        .await;
    let replaced = with_secret(&world, SECRET).await;
    assert_eq!(replaced.refusal(), (401, "invalid_client", "", 7_000_215));
}

#[tokio::test]
async fn basic_authentication_counts_as_well() {
    let world = consented().await;
    let request = world
        .http
        .post(world.url(&format!("{}/oauth2/v2.0/token", world.tenant)))
        .basic_auth(world.client, Some(SECRET))
        .form(&[("grant_type", "client_credentials"), ("scope", SCOPE)]);
    assert_eq!(super::support::reply(request).await.status, 200);
}

#[tokio::test]
async fn it_needs_a_tenant_a_default_scope_and_a_service_principal() {
    let world = World::new().await;
    let absent = with_secret(&world, SECRET).await;
    assert_eq!(absent.refusal(), (401, "invalid_client", "", 7_000_229));

    let credentials = [
        ("grant_type", "client_credentials"),
        ("client_secret", SECRET),
        ("scope", SCOPE),
    ];
    let nowhere = world.token("organizations", &credentials).await;
    assert_eq!(nowhere.refusal(), (400, "invalid_request", "", 50059));
    let single = world
        .token(
            &world.tenant.to_string(),
            &[
                ("grant_type", "client_credentials"),
                ("client_secret", SECRET),
                ("scope", "User.Read"),
            ],
        )
        .await;
    assert_eq!(single.refusal(), (400, "invalid_scope", "", 1_002_012));
}

#[tokio::test]
async fn while_consent_propagates_graph_does_not_know_the_caller() {
    let world = consented().await;
    let mut settings = world.directory().settings();
    settings.propagation_seconds = 60;
    world.directory().set_settings(settings);
    let early = with_secret(&world, SECRET).await;
    assert!(claims(early.text("access_token"))["oid"].is_null());
    let graph = world
        .graph("organization", early.text("access_token"))
        .await;
    assert_eq!(graph.status, 401);
    assert_eq!(
        graph.body["error"]["code"],
        "Authorization_IdentityNotFound"
    );

    world.pass(61);
    let late = with_secret(&world, SECRET).await;
    let graph = world.graph("organization", late.text("access_token")).await;
    assert_eq!(graph.status, 200, "{graph:?}");
}

/// A key with its certificate, registered from `year` to `until`.
struct Certified {
    key: EncodingKey,
    der: Vec<u8>,
    pem: String,
}

fn certified(until: i32) -> Certified {
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let mut params = CertificateParams::new(vec!["tenantry".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let certificate = params.self_signed(&pair).unwrap();
    Certified {
        key: EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap(),
        der: certificate.der().to_vec(),
        pem: certificate.pem(),
    }
}

fn thumbprint(algorithm: &'static aws_lc_rs::digest::Algorithm, der: &[u8]) -> String {
    use base64::Engine;
    let hash = aws_lc_rs::digest::digest(algorithm, der);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash)
}

impl Certified {
    fn header(&self, algorithm: Algorithm) -> Header {
        let mut header = Header::new(algorithm);
        if algorithm == Algorithm::PS256 {
            header.x5t_s256 = Some(thumbprint(&aws_lc_rs::digest::SHA256, &self.der));
        } else {
            let sha1 = &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY;
            header.x5t = Some(thumbprint(sha1, &self.der));
        }
        header
    }

    fn assertion(&self, algorithm: Algorithm, claims: &Value) -> String {
        jsonwebtoken::encode(&self.header(algorithm), claims, &self.key).unwrap()
    }
}

/// Claims as they should be, at `now`.
fn good(world: &World, now: OffsetDateTime) -> Value {
    let endpoint = world.url(&format!("{}/oauth2/v2.0/token", world.tenant));
    let at = now.unix_timestamp();
    json!({"aud": endpoint, "iss": world.client, "sub": world.client,
        "jti": "b0b0b0b0-0000-4000-8000-000000000001", "nbf": at, "iat": at, "exp": at + 600})
}

async fn with_assertion(world: &World, assertion: &str) -> Reply {
    world
        .token(
            &world.tenant.to_string(),
            &[
                ("grant_type", "client_credentials"),
                (
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ),
                ("client_assertion", assertion),
                ("scope", SCOPE),
            ],
        )
        .await
}

fn register(world: &World, certified: &Certified) {
    let mut registration = app(required_access());
    registration.certificates = vec![ClientCertificate {
        pem: certified.pem.clone(),
    }];
    world.directory().put_app(registration);
}

#[tokio::test]
async fn an_assertion_signed_with_a_registered_certificate_is_as_good_as_a_secret() {
    let world = consented().await;
    let certified = certified(2099);
    register(&world, &certified);
    let claims = good(&world, world.clock.now());
    for algorithm in [Algorithm::PS256, Algorithm::RS256] {
        let reply = with_assertion(&world, &certified.assertion(algorithm, &claims)).await;
        assert_eq!(reply.status, 200, "{algorithm:?}: {reply:?}");
    }
}

#[tokio::test]
async fn unregistered_expired_and_unnamed_certificates_are_refused() {
    let world = consented().await;
    let unknown = certified(2099);
    let claims = good(&world, world.clock.now());
    let reply = with_assertion(&world, &unknown.assertion(Algorithm::PS256, &claims)).await;
    assert_eq!(reply.refusal(), (401, "invalid_client", "", 700_027));
    assert!(
        reply
            .text("error_description")
            .contains("The key was not found.")
    );

    let expired = certified(2021);
    register(&world, &expired);
    let reply = with_assertion(&world, &expired.assertion(Algorithm::PS256, &claims)).await;
    assert_eq!(reply.refusal(), (401, "invalid_client", "", 700_027));
    let text = reply.text("error_description");
    assert!(
        text.contains("The key used is expired.") && text.contains("End=2021-01-01"),
        "{text}"
    );

    let header = Header::new(Algorithm::PS256);
    let unnamed = jsonwebtoken::encode(&header, &claims, &unknown.key).unwrap();
    assert_eq!(with_assertion(&world, &unnamed).await.code(), 50027);
}

#[tokio::test]
async fn stale_misdirected_and_borrowed_assertions_are_refused() {
    let world = consented().await;
    let certified = certified(2099);
    register(&world, &certified);
    let send = |claims: Value| {
        let assertion = certified.assertion(Algorithm::PS256, &claims);
        let world = &world;
        async move { with_assertion(world, &assertion).await.code() }
    };
    let hour = Duration::from_hours(1);
    assert_eq!(send(good(&world, world.clock.now() - hour)).await, 700_024);
    assert_eq!(send(good(&world, world.clock.now() + hour)).await, 700_024);

    let mut elsewhere = good(&world, world.clock.now());
    elsewhere["aud"] = json!("https://login.example.com/token");
    assert_eq!(send(elsewhere).await, 700_023);

    let mut borrowed = good(&world, world.clock.now());
    borrowed["iss"] = json!("00000000-0000-0000-0000-00000000beef");
    assert_eq!(send(borrowed).await, 700_021);
}
