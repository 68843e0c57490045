//! The control interface: the clock, objects made and changed, its page, and who may post to it.

use serde_json::json;

use super::support::{ADMIN, World, reply};

#[tokio::test]
async fn tenants_users_and_apps_are_made_and_changed_by_json() {
    let world = World::new().await;
    let made = world
        .control(
            "tenants",
            json!({"name": "Fabrikam", "initial_domain": "fabrikam.onmicrosoft.example",
                "domains": ["fabrikam.example"], "realm": {"kind": "federated", "password_change_synced": true}}),
        )
        .await;
    assert_eq!(made.status, 201);
    world
        .control(
            "users",
            json!({"upn": "admin@fabrikam.example", "mfa": "enrolled",
                "roles": ["62e90394-69f5-4237-9190-012177145e10"]}),
        )
        .await;
    let app = world
        .control(
            "apps",
            json!({"name": "Another", "redirect_uris": ["http://localhost:1/x"],
                "required": [{"resource": "graph", "delegated": ["User.Read"]}],
                "secrets": [{"value": "s", "expires_at": "2099-01-01T00:00:00Z"}]}),
        )
        .await;
    assert!(app.body["client_id"].is_string());
    let patch = |path: &str, body: serde_json::Value| {
        let url = world.url(&format!("control/api/{path}"));
        reply(world.http.patch(url).json(&body))
    };
    let changed = patch("tenants/fabrikam.example", json!({"premium": true})).await;
    assert_eq!(changed.status, 204);
    let tenant = world.get("control/api/tenants/fabrikam.example").await;
    assert_eq!(tenant.body["premium"], true);
    assert_eq!(tenant.body["realm"]["kind"], "federated");
    let changed = patch("users/admin@fabrikam.example", json!({"enabled": false})).await;
    assert_eq!(changed.status, 204);
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let world = World::new().await;
    let post = |path: &str, body: serde_json::Value| {
        let url = world.url(&format!("control/api/{path}"));
        reply(world.http.post(url).json(&body))
    };
    let twice = post(
        "tenants",
        json!({"name": "C", "initial_domain": "contoso.example"}),
    )
    .await;
    assert_eq!(twice.status, 409);
    let nobody = post(
        "kill",
        json!({"user": "x@contoso.example", "cause": "user_disabled"}),
    )
    .await;
    assert_eq!(nobody.status, 404);
    assert_eq!(
        nobody.text("error"),
        "there is no user called 'x@contoso.example'"
    );
    let whom = post("kill", json!({"cause": "tenant_gone"})).await;
    assert_eq!(whom.status, 422);
    let cause = post(
        "kill",
        json!({"tenant": "contoso.example", "cause": "plague"}),
    )
    .await;
    assert_eq!(cause.status, 422);
    let code = post(
        "device/approve",
        json!({"user_code": "NOSUCHCOD", "upn": ADMIN}),
    )
    .await;
    assert_eq!(code.status, 404);
}

#[tokio::test]
async fn the_clock_is_shared_with_whoever_gave_it() {
    let world = World::new().await;
    let before = world.clock.now();
    world
        .control("clock", json!({"advance_seconds": 3600}))
        .await;
    assert!(world.clock.now() - before >= time::Duration::HOUR);
    let set = world
        .control("clock", json!({"set": "2030-01-02T03:04:05Z"}))
        .await;
    assert!(set.text("now").starts_with("2030-01-02T03:04:05"));
    assert_eq!(world.clock.now().year(), 2030);
    world.control("clock", json!({"offset_seconds": 0})).await;
    assert_eq!(world.clock.offset_ms(), 0);
}

#[tokio::test]
async fn another_site_cannot_make_a_browser_post_here() {
    let world = World::new().await;
    let post = |site: &'static str| {
        let url = world.url("control/kill");
        let form = [("tenant", "contoso.example"), ("cause", "tenant_gone")];
        let request = world.http.post(url).form(&form);
        request.header("sec-fetch-site", site).send()
    };
    assert_eq!(post("cross-site").await.unwrap().status(), 403);
    let tenant = world.get("control/api/tenants/contoso.example").await;
    assert_eq!(tenant.body["deleted"], false);
    assert_eq!(post("same-origin").await.unwrap().status(), 303);
    let tenant = world.get("control/api/tenants/contoso.example").await;
    assert_eq!(tenant.body["deleted"], true);
}

#[tokio::test]
async fn every_cause_on_the_page_is_one_that_can_happen() {
    let world = World::new().await;
    world.onboard().await;
    let path = format!("control/tenants/{}", world.tenant);
    let response = world.http.get(world.url(&path)).send().await.unwrap();
    let page = response.text().await.unwrap();
    assert!(page.contains(ADMIN), "{page}");
    let causes = page.split("id=\"cause\"").nth(1).unwrap();
    let causes = causes.split("</select>").next().unwrap();
    let values: Vec<_> = causes
        .split("value=\"")
        .skip(1)
        .map(|v| v.split('"').next().unwrap())
        .collect();
    assert_eq!(values.len(), 18);
    for cause in values {
        let tenant = world.tenant.to_string();
        let form = [("tenant", tenant.as_str()), ("cause", cause)];
        let response = world
            .http
            .post(world.url("control/kill"))
            .form(&form)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 303, "{cause}");
        assert!(
            response.headers()["location"]
                .to_str()
                .unwrap()
                .ends_with(&path)
        );
    }
}

#[tokio::test]
async fn troubles_and_their_end_by_the_page() {
    let world = World::new().await;
    let post = |path: &str, form: &[(&str, &str)]| {
        let request = world.http.post(world.url(path)).form(form);
        request.send()
    };
    for kind in ["throttled", "outage", "slow", "truncated", "html", "error"] {
        let form = [("kind", kind), ("count", "3"), ("code", "50173")];
        let done = post("control/fault", &form).await.unwrap();
        assert_eq!(done.status(), 303, "{kind}");
    }
    let page = world.http.get(world.url("control")).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("id=\"faults\""));
    post("control/faults/clear", &[]).await.unwrap();
    assert_eq!(world.get("control/api/faults").await.body, json!([]));
    post("control/clock", &[("advance_seconds", "86400")])
        .await
        .unwrap();
    assert!(world.clock.offset_ms() >= 86_400_000);
    post("control/mode", &[("mode", "strict")]).await.unwrap();
    assert_eq!(
        world.get("control/api/settings").await.text("mode"),
        "strict"
    );
}
