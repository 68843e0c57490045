//! The wire itself: metadata, keys, user realm, headers, error bodies.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use tenantry::simulator::directory::{TenantPatch, TextStyle};

use super::support::{GRAPH, World, reply};

#[tokio::test]
async fn metadata_points_to_itself_under_whatever_name_it_was_asked() {
    let world = World::new().await;
    let path = "contoso.example/v2.0/.well-known/openid-configuration";
    let metadata = world.get(path).await;
    let base = world.url("");
    let id = world.tenant;
    assert_eq!(metadata.text("issuer"), format!("{base}{id}/v2.0"));
    assert_eq!(
        metadata.text("token_endpoint"),
        format!("{base}{id}/oauth2/v2.0/token")
    );
    assert_eq!(metadata.text("tenant_region_scope"), "EU");
    assert_eq!(metadata.headers["access-control-allow-origin"], "*");
    assert_eq!(metadata.headers["cache-control"], "max-age=86400, private");

    let request = world
        .http
        .get(world.url(path))
        .header("host", "login.test:1");
    let renamed = reply(request).await;
    assert_eq!(
        renamed.text("issuer"),
        format!("http://login.test:1/{id}/v2.0")
    );

    let common = world
        .get("common/v2.0/.well-known/openid-configuration")
        .await;
    assert!(common.text("issuer").ends_with("/{tenantid}/v2.0"));
    assert!(common.body["tenant_region_scope"].is_null());
}

#[tokio::test]
async fn unknown_tenants_are_named_differently_at_metadata_and_token() {
    let world = World::new().await;
    let metadata = world
        .get("nowhere.example/v2.0/.well-known/openid-configuration")
        .await;
    assert_eq!(metadata.refusal(), (400, "invalid_tenant", "", 90002));
    let token = world
        .token("nowhere.example", &[("grant_type", "refresh_token")])
        .await;
    assert_eq!(token.refusal(), (400, "invalid_request", "", 90002));
    let no_domain = world
        .token("authorize", &[("grant_type", "refresh_token")])
        .await;
    assert_eq!(no_domain.refusal(), (400, "invalid_request", "", 900_023));
}

#[tokio::test]
async fn id_tokens_verify_against_the_published_keys() {
    let world = World::new().await;
    let tokens = world.onboard().await;
    let keys = world
        .get(&format!("{}/discovery/v2.0/keys", world.tenant))
        .await;
    assert!(
        keys.body["keys"][0]["issuer"]
            .as_str()
            .unwrap()
            .ends_with("/{tenantid}/v2.0")
    );
    let set: JwkSet = serde_json::from_value(keys.body).unwrap();
    let id_token = tokens.text("id_token");
    let kid = jsonwebtoken::decode_header(id_token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(set.find(&kid).unwrap()).unwrap();
    let mut expected = Validation::new(Algorithm::RS256);
    expected.set_audience(&[world.client]);
    expected.set_issuer(&[format!("{}{}/v2.0", world.url(""), world.tenant)]);
    let claims = jsonwebtoken::decode::<Value>(id_token, &key, &expected)
        .unwrap()
        .claims;
    assert_eq!(claims["ver"], "2.0");
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3600
    );
}

#[tokio::test]
async fn instance_discovery_names_the_simulator_as_a_cloud_of_its_own() {
    let world = World::new().await;
    let found = world
        .get("common/discovery/instance?api-version=1.1&authorization_endpoint=x")
        .await;
    assert_eq!(found.text("api-version"), "1.1");
    let host = world.url("").replace("http://", "").replace('/', "");
    assert_eq!(found.body["metadata"][0]["aliases"], json!([host]));
}

#[tokio::test]
async fn user_realm_in_three_dialects() {
    let world = World::new().await;
    let v1 = || world.get("common/userrealm/admin@contoso.example?api-version=1.0");
    let v2 = || world.get("common/userrealm/?user=admin@contoso.example&api-version=2.1");
    let srf = || world.get("getuserrealm.srf?login=admin@contoso.example&json=1");
    assert_eq!(v1().await.text("account_type"), "Managed");
    assert_eq!(v2().await.text("NameSpaceType"), "Managed");
    assert_eq!(srf().await.text("NameSpaceType"), "Managed");

    let federated = TenantPatch {
        realm: Some(tenantry::simulator::directory::Realm::Federated {
            password_change_synced: true,
        }),
        ..TenantPatch::default()
    };
    world
        .directory()
        .patch_tenant("contoso.example", federated)
        .unwrap();
    assert_eq!(v1().await.text("federation_protocol"), "WSTrust");
    assert!(v2().await.text("AuthURL").contains("sts.contoso.example"));
    assert_eq!(srf().await.text("NameSpaceType"), "Federated");
    let xml = world.url("getuserrealm.srf?login=admin@contoso.example&xml=1");
    let xml = world
        .http
        .get(xml)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(xml.contains("<IsFederatedNS>true</IsFederatedNS>"), "{xml}");

    let unknown = world
        .get("common/userrealm/a@nowhere.example?api-version=1.0")
        .await;
    assert_eq!(unknown.text("account_type"), "Unknown");
    assert!(unknown.body.get("domain_name").is_none());
}

#[tokio::test]
async fn an_error_body_ties_its_ids_to_the_headers_and_echoes_the_callers() {
    let world = World::new().await;
    let mine = "9f8e7d6c-0000-4000-8000-00000000c0de";
    let request = world
        .http
        .post(world.url("organizations/oauth2/v2.0/token"))
        .header("client-request-id", mine)
        .header("return-client-request-id", "true")
        .form(&[("grant_type", "refresh_token")]);
    let reply = reply(request).await;
    assert_eq!(reply.refusal(), (400, "invalid_request", "", 900_144));
    assert_eq!(reply.text("correlation_id"), mine);
    assert_eq!(reply.headers["client-request-id"], mine);
    assert_eq!(reply.headers["x-ms-request-id"], reply.text("trace_id"));
    assert!(reply.headers.contains_key("x-ms-ests-server"));
    let text = reply.text("error_description");
    for part in [reply.text("trace_id"), mine, reply.text("timestamp")] {
        assert!(text.contains(part), "{text}");
    }
    let shape = reply.text("timestamp");
    assert_eq!((shape.len(), &shape[10..11], &shape[19..]), (20, " ", "Z"));
}

#[tokio::test]
async fn both_text_styles_and_an_error_uri_now_and_then() {
    let world = World::new().await;
    let mut with_uri = 0;
    let mut with_lines = 0;
    for _ in 0..40 {
        let refused = world.poll("unknown").await;
        with_uri += u32::from(refused.text("error_uri").ends_with("/error?code=70018"));
        with_lines += u32::from(refused.text("error_description").contains("\r\nTrace ID: "));
    }
    assert!((1..40).contains(&with_uri), "{with_uri}");
    assert!((1..40).contains(&with_lines), "{with_lines}");

    let mut settings = world.directory().settings();
    settings.text_style = TextStyle::Spaces;
    world.directory().set_settings(settings);
    for _ in 0..10 {
        let refused = world.poll("unknown").await;
        assert!(refused.text("error_description").contains(" Trace ID: "));
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_lives() {
    let lives = || async {
        let world = World::new().await;
        let mut token = world.onboard().await;
        let mut lives = Vec::new();
        for _ in 0..4 {
            lives.push(token.body["expires_in"].as_i64().unwrap());
            token = world.refresh(token.text("refresh_token")).await;
        }
        lives
    };
    let (one, other) = (lives().await, lives().await);
    assert_eq!(one, other);
    assert!(one.windows(2).any(|pair| pair[0] != pair[1]), "{one:?}");
}

#[tokio::test]
async fn client_info_comes_when_asked_for() {
    let world = World::new().await;
    let token = world.onboard().await;
    assert_eq!(token.text("client_info"), "");
    let reply = world
        .token(
            "organizations",
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", token.text("refresh_token")),
                ("scope", GRAPH),
                ("client_info", "1"),
            ],
        )
        .await;
    let info = super::support::claims(&format!(".{}", reply.text("client_info")));
    assert_eq!(info["utid"], json!(world.tenant));
}

#[tokio::test]
async fn messages_of_the_device_code_follow_the_market() {
    let world = World::new().await;
    let client = world.client.to_string();
    let german = world
        .post(
            "organizations/oauth2/v2.0/devicecode?mkt=de-DE",
            &[("client_id", &client), ("scope", GRAPH)],
        )
        .await;
    assert!(german.text("message").starts_with("Um sich anzumelden"));
}
