//! Adding, reading and changing tenants.

use serde_json::json;
use tenantry::domain::api_key::{Rule, Tenants};
use tenantry::domain::technician::Role;

use super::super::stage::{Stage, everything};
use super::{cedar, patch, post_once, stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_added_once_however_often_it_is_sent() {
    let (stage, script) = stage().await;
    let made = post_once(&script, "/api/v1/tenants", "one", &cedar()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let tenant = made.json();
    assert_eq!(tenant["required_resources"], json!(["graph", "exchange"]));
    assert_eq!(
        made.header("location"),
        format!("/api/v1/tenants/{}", tenant["id"].as_str().unwrap())
    );
    let again = post_once(&script, "/api/v1/tenants", "one", &cedar()).await;
    assert_eq!((again.status, again.json()), (201, tenant.clone()));
    assert_eq!(again.header("idempotency-replayed"), "true");
    for name in ["etag", "location"] {
        assert_eq!(again.header(name), made.header(name), "{name}");
    }
    let other = post_once(
        &script,
        "/api/v1/tenants",
        "one",
        &json!({ "short_name": "x", "full_name": "X" }),
    )
    .await;
    assert_eq!(
        (other.status, other.code().as_str()),
        (422, "idempotency_key_reused")
    );
    let taken = post_once(&script, "/api/v1/tenants", "two", &cedar()).await;
    assert_eq!((taken.status, taken.code().as_str()), (422, "invalid"));
    assert_eq!(taken.json()["errors"][0]["field"], "short_name");
    let read = script.get("/api/v1/tenants/cedar").await;
    assert_eq!(read.json(), tenant);
    let wrong = script
        .post(
            "/api/v1/tenants",
            &json!({ "short_name": "-", "full_name": "", "colour": 1 }),
        )
        .await;
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (422, "unknown_field")
    );
    let by: String = sqlx::query_scalar("select actor_type from audit_events where action = 'tenant.added' order by id desc limit 1")
        .fetch_one(&stage.world.pool)
        .await
        .unwrap();
    assert_eq!(by, "key");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobodys_change_is_lost() {
    let (_stage, script) = stage().await;
    script.post("/api/v1/tenants", &cedar()).await;
    let path = "/api/v1/tenants/cedar";
    let version = script.get(path).await.header("etag").to_owned();
    let blind = patch(&script, path, None, &json!({ "tags": [] })).await;
    assert_eq!(
        (blind.status, blind.code().as_str()),
        (428, "version_needed")
    );
    let bare = version.trim_matches('"');
    let unquoted = patch(&script, path, Some(bare), &json!({})).await;
    assert_eq!(
        (unquoted.status, unquoted.code().as_str()),
        (400, "bad_request")
    );
    let parted = patch(&script, path, Some(&version), &json!({ "tags": ["a,b c"] })).await;
    assert_eq!(parted.json()["errors"][0]["field"], "tags");
    let same = patch(&script, path, Some(&version), &json!({})).await;
    assert_eq!(same.header("etag"), version, "nothing was changed");
    let both = json!({ "required_resources": ["graph"], "optional_resources": ["teams", "graph"] });
    let both = patch(&script, path, Some(&version), &both).await;
    assert_eq!(
        both.json()["errors"][0]["message"],
        "graph is in both lists. Leave it in one of them."
    );
    let odd = json!({ "full_name": "", "domain": "x y", "tags": ["a b"], "required_resources": ["graph"], "optional_resources": ["graph"] });
    let odd = patch(&script, path, Some(&version), &odd).await.json();
    let odd = odd["errors"].as_array().unwrap().iter();
    let mut odd: Vec<_> = odd.map(|one| one["field"].as_str().unwrap()).collect();
    odd.sort_unstable();
    assert_eq!(
        odd,
        ["domain", "full_name", "optional_resources", "tags"],
        "all at once"
    );
    let done = patch(&script, path, Some(&version), &json!({ "full_name": "Cedar Group", "optional_resources": ["graph", "teams"], "required_resources": ["exchange"] })).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(done.json()["optional_resources"], json!(["graph", "teams"]));
    assert_eq!(done.json()["tags"], json!(["gold"]), "what is absent stays");
    let late = patch(
        &script,
        path,
        Some(&version),
        &json!({ "full_name": "Cedar by mistake" }),
    )
    .await;
    assert_eq!(
        (late.status, late.code().as_str()),
        (412, "changed_meanwhile")
    );
    let now = script.get(path).await;
    assert_eq!(now.json()["full_name"], "Cedar Group");
    let same = script
        .request(reqwest::Method::GET, path)
        .header("if-none-match", now.header("etag"));
    assert_eq!(script.send(same).await.status, 304);
    assert_eq!(
        patch(&script, path, Some("*"), &json!({ "domain": "nonsense" }))
            .await
            .code(),
        "invalid"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_paused_put_away_and_brought_back() {
    let (_stage, script) = stage().await;
    script.post("/api/v1/tenants", &cedar()).await;
    let step = async |step: &str| {
        let path = format!("/api/v1/tenants/cedar/{step}");
        script.post(&path, &json!({ "reason": "asked" })).await
    };
    assert_eq!(step("suspension").await.json()["state"], "suspended");
    assert_eq!(step("suspension").await.code(), "other_state");
    assert_eq!(step("archival").await.json()["state_reason"], "asked");
    assert_eq!(
        patch(&script, "/api/v1/tenants/cedar", Some("*"), &json!({}))
            .await
            .code(),
        "tenant_archived"
    );
    assert_eq!(script.get("/api/v1/tenants/cedar/status").await.status, 404);
    let shown = script.get("/api/v1/tenants?state=archived").await.json();
    assert_eq!(shown["items"][0]["short_name"], "cedar");
    assert_eq!(step("restoration").await.json()["state"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_some_tenants_adds_none_and_finds_no_others() {
    let (stage, script) = stage().await;
    script.post("/api/v1/tenants", &cedar()).await;
    let rule = Rule {
        tenants: Tenants::Only {
            tags: vec!["gold".into()],
            tenants: Vec::new(),
        },
        ..everything("gold")
    };
    let (_, gold) = stage.key(rule).await;
    let added = gold
        .post(
            "/api/v1/tenants",
            &json!({ "short_name": "fir", "full_name": "Fir" }),
        )
        .await;
    assert_eq!((added.status, added.code().as_str()), (403, "limited"));
    let all = gold.get("/api/v1/tenants").await.json();
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
    for path in ["", "/status", "/connections", "/tokens", "/diagnosis"] {
        let foreign = gold.get(&format!("/api/v1/tenants/contoso{path}")).await;
        let absent = gold.get(&format!("/api/v1/tenants/nowhere{path}")).await;
        assert_eq!(
            (foreign.status, foreign.code()),
            (404, absent.code()),
            "{path}"
        );
    }
    let (_, viewer) = viewer(&stage).await;
    assert_eq!(
        viewer.post("/api/v1/tenants", &cedar()).await.code(),
        "scope_missing"
    );
    assert_eq!(viewer.get("/api/v1/tenants").await.status, 200);
}

async fn viewer(stage: &Stage) -> (tenantry::storage::ApiKeyId, super::Script) {
    let owner = stage.technician(Role::Technician).await;
    let made = stage.key_of(owner, everything("viewer")).await;
    sqlx::query("update technicians set role = 'viewer' where id = $1")
        .bind(owner)
        .execute(&stage.world.pool)
        .await
        .unwrap();
    made
}
