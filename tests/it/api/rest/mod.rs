//! The resources of the API: tenants, how they stand, invitations, errors; and that what is answered is what the document says.

mod invitations;
mod lists;
mod tenants;

use reqwest::Method;
use serde_json::{Value, json};

use super::stage::{Answer, Script, Stage, everything};

/// A portal with `contoso` connected, and a key that may everything.
async fn stage() -> (Stage, Script) {
    let stage = Stage::with(|app| app.limits.keys.calls = 10_000).await;
    let (_, script) = stage.key(everything("rest")).await;
    (stage, script)
}

/// Change something as of this version.
async fn patch(script: &Script, path: &str, version: Option<&str>, body: &Value) -> Answer {
    let mut request = script.request(Method::PATCH, path).json(body);
    if let Some(version) = version {
        request = request.header("if-match", version);
    }
    script.send(request).await
}

async fn post_once(script: &Script, path: &str, name: &str, body: &Value) -> Answer {
    let request = script.request(Method::POST, path).json(body);
    script.send(request.header("idempotency-key", name)).await
}

fn cedar() -> Value {
    json!({ "short_name": "cedar", "full_name": "Cedar Foods", "domain": "cedar.example", "tags": ["gold"] })
}
