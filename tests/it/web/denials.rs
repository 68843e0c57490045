//! Refusals are in the audit log, by whom and of what, and no number of them fills the disk.

use std::time::Duration;

use serde_json::{Value, json};
use tenantry::domain::technician::Role;

use crate::support::app::TestApp;

/// Who, details and result of every refusal, once there are `count`.
async fn denials(app: &TestApp, count: usize) -> Vec<(String, Value, String)> {
    let sql = "select actor_type || ' ' || ip, details, result from audit_events where action = 'request.denied' order by id";
    for _ in 0..100 {
        let found: Vec<(String, Value, String)> =
            sqlx::query_as(sql).fetch_all(&app.pool).await.unwrap();
        if found.len() >= count {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("fewer than {count} refusals are written");
}

#[tokio::test]
async fn a_role_that_is_not_enough_is_written_down_with_the_route() {
    let app = TestApp::start().await;
    let viewer = app.login(Role::Viewer).await;
    assert_eq!(viewer.get("/security/technicians").await.status, 403);
    assert_eq!(viewer.post("/tenants", &[("name", "x")]).await.status, 403);
    let mut found = denials(&app, 2).await;
    // Written beside the answers, so in no certain order.
    found.sort_by_key(|(_, details, _)| details.to_string());
    assert_eq!(
        found[0].1,
        json!({"why": "role", "method": "GET", "route": "/security/technicians"})
    );
    assert_eq!(
        found[1].1,
        json!({"why": "role", "method": "POST", "route": "/tenants"})
    );
    for (who, _, result) in found {
        assert_eq!(
            (who.as_str(), result.as_str()),
            ("technician 127.0.0.1", "denied")
        );
    }
}

#[tokio::test]
async fn a_change_from_another_site_is_written_down() {
    let app = TestApp::start().await;
    let address = app.app.site.base_url.join("/logout").unwrap();
    #[expect(clippy::disallowed_methods, reason = "a browser of the tests")]
    let http = reqwest::Client::new();
    let answer = http
        .post(address)
        .header("sec-fetch-site", "cross-site")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 403);
    let found = denials(&app, 1).await;
    assert_eq!(found[0].1["why"], "cross_site");
    assert_eq!(found[0].0, "visitor 127.0.0.1");
}

#[tokio::test]
async fn a_thousand_refusals_of_one_kind_are_one_entry() {
    let app = TestApp::start().await;
    let viewer = app.login(Role::Viewer).await;
    for _ in 0..200 {
        assert_eq!(viewer.get("/security/technicians").await.status, 403);
    }
    denials(&app, 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(denials(&app, 1).await.len(), 1);
}
