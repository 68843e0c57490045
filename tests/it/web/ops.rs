//! The ops listener: `/live` and `/ready`.

use axum::body::Body;
use axum::http::Request;
use tenantry::keeper::message::Reply;
use tenantry::web::ops;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::support::app::TestApp;

/// Status and length of the body.
async fn ask(app: &TestApp, stopping: &CancellationToken, path: &str) -> (u16, usize) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let router = ops::router(app.app.clone(), stopping.clone());
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 1024)
        .await
        .unwrap();
    (status, body.len())
}

#[tokio::test]
async fn a_healthy_replica_is_live_and_ready_and_says_no_more() {
    let app = TestApp::start().await;
    let stopping = CancellationToken::new();
    assert_eq!(ask(&app, &stopping, "/live").await, (200, 0));
    assert_eq!(ask(&app, &stopping, "/ready").await, (200, 0));
    assert!(
        app.audit().await.is_empty(),
        "the trial entry is rolled back"
    );
}

#[tokio::test]
async fn a_stopping_replica_is_live_and_not_ready() {
    let app = TestApp::start().await;
    let stopping = CancellationToken::new();
    stopping.cancel();
    assert_eq!(ask(&app, &stopping, "/live").await, (200, 0));
    assert_eq!(ask(&app, &stopping, "/ready").await, (503, 0));
}

#[tokio::test]
async fn a_keeper_that_cannot_work_makes_it_unready() {
    let app = TestApp::start().await;
    let detail = "the key canary does not open".to_owned();
    app.keeper.answer_next(
        "health",
        Reply::Health {
            ready: false,
            detail,
        },
    );
    let stopping = CancellationToken::new();
    assert_eq!(ask(&app, &stopping, "/ready").await, (503, 0));
    assert_eq!(
        ask(&app, &stopping, "/ready").await,
        (200, 0),
        "and it recovers"
    );
}

#[tokio::test]
async fn without_audit_log_or_schema_it_is_unready() {
    let stopping = CancellationToken::new();
    let app = TestApp::start().await;
    sqlx::query("revoke insert on audit_events from portal_web")
        .execute(&app.pool)
        .await
        .unwrap();
    assert_eq!(ask(&app, &stopping, "/ready").await, (503, 0));
    let app = TestApp::start().await;
    sqlx::query(
        "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    assert_eq!(ask(&app, &stopping, "/ready").await, (503, 0));
}

#[tokio::test]
async fn the_portal_itself_has_no_health_page() {
    let app = TestApp::start().await;
    assert_eq!(app.browser().get("/ready").await.status, 404);
}
