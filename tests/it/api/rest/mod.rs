//! The resources of the API: tenants, how they stand, invitations, errors, campaigns, alerts; and that what is answered is what
//! the document says.

mod alerts;
mod campaigns;
mod invitations;
mod lists;
mod stop;
mod tenants;
mod validation;

use reqwest::Method;
use serde_json::{Value, json};
use tenantry::domain::api_key::{Rule, Tenants};

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

/// Every item of a list, page by page.
async fn all(script: &Script, path: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    for _ in 0..50 {
        let joint = if path.contains('?') { '&' } else { '?' };
        let page = script.get(&format!("{path}{joint}limit=2{cursor}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        let page = page.json();
        items.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
    panic!("a list without end: {path}")
}

fn cedar() -> Value {
    json!({ "short_name": "cedar", "full_name": "Cedar Foods", "domain": "cedar.example", "tags": ["gold"] })
}

/// A key that may everything within the tenants with the tag `gold`.
async fn gold(stage: &Stage) -> Script {
    let rule = Rule {
        tenants: Tenants::Only {
            tags: vec!["gold".into()],
            tenants: Vec::new(),
        },
        ..everything("gold")
    };
    stage.key(rule).await.1
}

/// What these items say at this place, in their order.
fn said(items: &[Value], place: &str) -> Vec<String> {
    let said = items.iter().map(|item| match item.pointer(place) {
        Some(Value::String(text)) => text.clone(),
        other => panic!("no text at {place}: {other:?}"),
    });
    said.collect()
}

/// Who did this last, of which kind, and what the audit log has about it.
async fn last_act(stage: &Stage, action: &str) -> (String, String, Value) {
    sqlx::query_as(
        "select actor_type, actor_name, details from audit_events where action = $1 order by id desc limit 1",
    )
    .bind(action)
    .fetch_one(&stage.world.pool)
    .await
    .unwrap()
}
