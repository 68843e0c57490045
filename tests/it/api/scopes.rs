//! Each scope against each call: a key with every scope but the one that a call names is refused there, and nowhere else.

use reqwest::Method;
use tenantry::domain::api_key::{ApiScope, Rule};
use tenantry::web::api;

use super::stage::{Script, Stage, everything};

fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| {
            if part.starts_with('{') {
                "nowhere"
            } else {
                part
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_the_scope_passes_no_call_that_names_it() {
    let stage = Stage::with(|app| app.limits.keys.calls = 100_000).await;
    let (_, whole) = stage.key(everything("all")).await;
    for scope in ApiScope::ALL {
        let rule = Rule {
            scopes: ApiScope::ALL
                .into_iter()
                .filter(|one| *one != scope)
                .collect(),
            ..everything("all but one")
        };
        let (_, lacking) = stage.key(rule).await;
        for endpoint in api::endpoints().list() {
            let method = Method::from_bytes(endpoint.method.as_bytes()).unwrap();
            let path = filled(endpoint.path);
            let ask =
                async |script: &Script| script.send(script.request(method.clone(), &path)).await;
            let refused = ask(&lacking).await;
            if endpoint.scope == Some(scope) {
                assert_eq!(
                    refused.code(),
                    "scope_missing",
                    "{} {path}",
                    endpoint.method
                );
                assert_eq!(refused.json()["scope"], scope.as_str());
            } else {
                assert_ne!(refused.status, 403, "{scope}: {} {path}", endpoint.method);
            }
        }
    }
    for endpoint in api::endpoints().list() {
        let method = Method::from_bytes(endpoint.method.as_bytes()).unwrap();
        let answer = whole
            .send(whole.request(method, &filled(endpoint.path)))
            .await;
        assert!(![401, 403, 500].contains(&answer.status), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_without_a_key_and_never_with_a_page() {
    let stage = Stage::new().await;
    let (_, script) = stage.key(everything("all")).await;
    let nobody = Script::new(&stage.app.site.base_url, "");
    for endpoint in api::endpoints().list() {
        let method = Method::from_bytes(endpoint.method.as_bytes()).unwrap();
        let path = filled(endpoint.path);
        let answer = nobody.send(nobody.request(method.clone(), &path)).await;
        assert_eq!(answer.status, 401, "{path}");
        answer.code();
    }
    assert_eq!(script.get("/api/v1/nothing").await.code(), "not_found");
    let wrong = script.request(Method::DELETE, "/api/v1/key");
    let wrong = script.send(wrong).await;
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (405, "method_not_allowed")
    );
    let path = "/api/v1/tenants/contoso/access-tokens";
    let post = |body: &str, kind: &str| {
        let request = script.request(Method::POST, path);
        script.send(
            request
                .body(body.to_owned())
                .header("content-type", kind.to_owned()),
        )
    };
    let json = "application/json";
    assert_eq!(
        post("{}", "text/plain").await.code(),
        "unsupported_media_type"
    );
    assert_eq!(post("{", json).await.code(), "bad_request");
    assert_eq!(
        post(r#"{"resource":"graph","resource":"graph"}"#, json)
            .await
            .code(),
        "bad_request"
    );
    assert_eq!(
        post(r#"{"resource":"graph","role":1}"#, json).await.code(),
        "unknown_field"
    );
    assert_eq!(post(r#"{"resource":"sharepoint"}"#, json).await.status, 422);
    assert_eq!(
        post(r#"{"resource":"graph","min_ttl":-1}"#, json)
            .await
            .status,
        422
    );
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    assert_eq!(post(&deep, json).await.code(), "bad_request");
    let long = format!(
        r#"{{"resource":"graph","reason":"{}"}}"#,
        "x".repeat(70_000)
    );
    assert_eq!(post(&long, json).await.code(), "too_large");
    // From another site's page it is the same call: no cookie counts here, so there is nothing to forge.
    let request = script.request(Method::POST, path);
    let request = request
        .header("origin", "https://evil.example")
        .header("sec-fetch-site", "cross-site");
    let answer = script
        .send(request.json(&serde_json::json!({ "resource": "graph" })))
        .await;
    assert_eq!(answer.status, 200);
}
