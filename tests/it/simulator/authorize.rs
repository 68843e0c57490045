//! Authorization code with PKCE, admin consent, by the JSON interface that stands for a person in a browser.

use serde_json::json;
use url::Url;

use super::support::{ADMIN, GRAPH, REDIRECT, Reply, SECRET, USER, World, claims, query};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn authorize_url(world: &World, changes: &[(&str, &str)]) -> String {
    let client = world.client.to_string();
    let mut fields = vec![
        ("client_id", client.as_str()),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("scope", GRAPH),
        ("state", "the-state"),
        ("nonce", "the-nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        fields.retain(|(n, _)| n != name);
        fields.push((name, value));
    }
    let mut url = Url::parse(&world.url("organizations/oauth2/v2.0/authorize")).unwrap();
    url.query_pairs_mut().extend_pairs(fields);
    url.to_string()
}

/// Go through as the administrator; the query of the address the browser lands at.
async fn landing(world: &World, url: &str) -> std::collections::HashMap<String, String> {
    let reply = world
        .control("authorize", json!({"url": url, "upn": ADMIN}))
        .await;
    assert!(reply.text("redirect").starts_with(REDIRECT));
    query(reply.text("redirect"))
}

async fn redeem(world: &World, code: &str, changes: &[(&str, &str)]) -> Reply {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("client_secret", SECRET),
        ("scope", GRAPH),
    ];
    for (name, value) in changes {
        fields.retain(|(n, _)| n != name);
        fields.push((name, value));
    }
    world.token("organizations", &fields).await
}

#[tokio::test]
async fn a_code_becomes_tokens_once_and_state_and_nonce_come_back() {
    let world = World::new().await;
    let back = landing(&world, &authorize_url(&world, &[])).await;
    assert_eq!(back["state"], "the-state");
    let tokens = redeem(&world, &back["code"], &[]).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let id = claims(tokens.text("id_token"));
    assert_eq!(id["nonce"], "the-nonce");
    assert_eq!(id["aud"], json!(world.client));
    let twice = redeem(&world, &back["code"], &[]).await;
    assert_eq!(twice.refusal(), (400, "invalid_grant", "", 54005));
}

#[tokio::test]
async fn such_a_token_belongs_to_a_confidential_client_and_outlives_sign_in_frequency() {
    let world = World::new().await;
    let back = landing(&world, &authorize_url(&world, &[])).await;
    let tokens = redeem(&world, &back["code"], &[]).await;
    let token = tokens.text("refresh_token");
    let bare = world.refresh(token).await;
    assert_eq!(bare.refusal(), (401, "invalid_client", "", 7_000_218));

    world
        .control(
            "kill",
            json!({"tenant": "contoso.example", "cause": "sign_in_frequency", "seconds": 3600}),
        )
        .await;
    world.pass(7200);
    let refreshed = world
        .token(
            &world.tenant.to_string(),
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", token),
                ("scope", GRAPH),
                ("client_secret", SECRET),
            ],
        )
        .await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    world.kill("device_code_blocked").await;
    assert!(world.works(token), "it never was a device code token");
}

#[tokio::test]
async fn verifier_redirect_tenant_and_time_must_fit_the_code() {
    let world = World::new().await;
    let fresh = || async { landing(&world, &authorize_url(&world, &[])).await["code"].clone() };
    let code = fresh().await;
    let wrong = redeem(&world, &code, &[("code_verifier", "another")]).await;
    assert_eq!(wrong.refusal(), (400, "invalid_grant", "", 501_481));
    let elsewhere = redeem(
        &world,
        &code,
        &[("redirect_uri", "http://localhost:8080/x")],
    )
    .await;
    assert_eq!(elsewhere.refusal(), (401, "invalid_client", "", 500_112));
    world.pass(601);
    let late = redeem(&world, &code, &[]).await;
    assert_eq!(late.refusal(), (400, "invalid_grant", "", 70008));
}

#[tokio::test]
async fn a_bad_request_is_shown_to_the_person_where_the_client_cannot_be_trusted() {
    let world = World::new().await;
    for (changes, code) in [
        ([("redirect_uri", "https://evil.example/")], "50011"),
        ([("prompt", "admin_consent")], "901001"),
        ([("prompt", "login consent")], "90023"),
        ([("client_id", "not-an-app")], "700016"),
    ] {
        let response = world
            .http
            .get(authorize_url(&world, &changes))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 400, "{code}");
        let page = response.text().await.unwrap();
        assert!(page.contains(&format!(">{code}<")), "{page}");
        assert!(page.contains("Simulated Microsoft sign-in"));
    }
}

#[tokio::test]
async fn silence_is_refused_where_a_person_is_needed() {
    let world = World::new().await;
    let url = authorize_url(&world, &[("prompt", "none")]);
    let response = world.http.get(url).send().await.unwrap();
    let target = response.headers()["location"].to_str().unwrap();
    let back = query(target);
    assert_eq!(back["error"], "login_required");
    assert_eq!(back["state"], "the-state");
    assert!(back["error_description"].starts_with("AADSTS50058"));
}

fn consent_url(world: &World, path: &str, scope: Option<&str>) -> String {
    let mut url = Url::parse(&world.url(path)).unwrap();
    url.query_pairs_mut()
        .append_pair("client_id", &world.client.to_string())
        .append_pair("redirect_uri", REDIRECT)
        .append_pair("state", "12345");
    if let Some(scope) = scope {
        url.query_pairs_mut().append_pair("scope", scope);
    }
    url.to_string()
}

#[tokio::test]
async fn admin_consent_grants_everything_declared_and_says_for_which_tenant() {
    let world = World::new().await;
    let url = consent_url(
        &world,
        "organizations/v2.0/adminconsent",
        Some("https://graph.microsoft.com/.default"),
    );
    let reply = world
        .control("adminconsent", json!({"url": url, "upn": ADMIN}))
        .await;
    let back = query(reply.text("redirect"));
    assert_eq!(back["admin_consent"], "True");
    assert_eq!(back["tenant"], world.tenant.to_string());
    assert_eq!(back["scope"], "https://graph.microsoft.com/.default");
    let token = world.onboard_as(USER).await;
    let exchange = "https://outlook.office365.com/.default";
    let reply = world
        .refresh_for(token.text("refresh_token"), exchange)
        .await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn a_refusal_says_admin_consent_true_as_well_on_the_new_address_only() {
    let world = World::new().await;
    let refuse = |url: String| {
        let body = json!({"url": url, "upn": ADMIN, "consent": "refuse"});
        world.control("adminconsent", body)
    };
    let scope = Some("https://graph.microsoft.com/.default");
    let new = refuse(consent_url(
        &world,
        "organizations/v2.0/adminconsent",
        scope,
    ))
    .await;
    let back = query(new.text("redirect"));
    assert_eq!(back["admin_consent"], "True");
    assert_eq!(back["error"], "consent_required");
    assert!(back["error_description"].starts_with("AADSTS65004"));
    assert_eq!(back["state"], "12345");

    let old = refuse(consent_url(&world, "organizations/adminconsent", None)).await;
    let back = query(old.text("redirect"));
    assert_eq!(back["error"], "permission_denied");
    assert!(!back.contains_key("admin_consent"));
}
