//! How long a login lasts, and what it may do.

use std::time::Duration;

use reqwest::Method;
use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::browser::Browser;

/// A page for signed-in people alone: 404 for them, a redirect to the login for others.
const PAGE: &str = "/tenants/nobody";

async fn is_signed_in(browser: &Browser) -> bool {
    match browser.get(PAGE).await.status {
        404 => true,
        303 => false,
        other => panic!("unexpected status {other}"),
    }
}

#[tokio::test]
async fn half_an_hour_without_a_page_ends_it() {
    let app = TestApp::start().await;
    let browser = app.login(Role::Owner).await;
    for _ in 0..3 {
        app.advance(Duration::from_mins(29));
        assert!(is_signed_in(&browser).await, "each page renews it");
    }
    app.advance(Duration::from_mins(30));
    assert!(!is_signed_in(&browser).await);
}

#[tokio::test]
async fn twelve_hours_end_it_in_any_case() {
    let app = TestApp::start().await;
    let browser = app.login(Role::Owner).await;
    for _ in 0..35 {
        app.advance(Duration::from_mins(20));
        assert!(is_signed_in(&browser).await);
    }
    app.advance(Duration::from_mins(20));
    assert!(!is_signed_in(&browser).await);
}

#[tokio::test]
async fn a_live_stream_and_a_reload_by_script_do_not_renew_it() {
    let app = TestApp::start().await;
    app.technician_with_password("robin@msp.example", "correct horse battery", Role::Owner)
        .await;
    let browser = app.browser();
    let fields = [
        ("email", "robin@msp.example"),
        ("password", "correct horse battery"),
    ];
    assert_eq!(browser.post("/login", &fields).await.status, 303);
    app.with_second_factor(&browser, "robin@msp.example").await;
    for _ in 0..3 {
        app.advance(Duration::from_mins(9));
        let stream = browser
            .request(Method::GET, PAGE)
            .header("accept", "text/event-stream")
            .header("sec-fetch-mode", "cors");
        assert_eq!(browser.send(stream).await.status, 404);
        let reload = browser
            .request(Method::GET, PAGE)
            .header("sec-fetch-mode", "navigate");
        assert_eq!(browser.send(reload).await.status, 404);
    }
    app.advance(Duration::from_mins(4));
    assert!(!is_signed_in(&browser).await);
}

#[tokio::test]
async fn reading_pages_writes_the_session_at_most_once_a_minute() {
    let app = TestApp::start().await;
    let browser = app.login(Role::Owner).await;
    let row = "select xmin::text from login_sessions";
    let written = || async {
        sqlx::query_scalar::<_, String>(row)
            .fetch_one(&app.pool)
            .await
            .unwrap()
    };
    let before = written().await;
    for _ in 0..3 {
        browser.get(PAGE).await;
    }
    assert_eq!(written().await, before);
    app.advance(Duration::from_secs(61));
    browser.get(PAGE).await;
    assert_ne!(written().await, before);
}

#[tokio::test]
async fn the_table_holds_no_id_that_opens_a_session() {
    let app = TestApp::start().await;
    let browser = app.login(Role::Owner).await;
    let id = browser.cookie("sid").unwrap();
    let found: i64 = sqlx::query_scalar(
        "select count(*) from login_sessions s where s::text like '%' || $1 || '%'",
    )
    .bind(&id)
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(found, 0);
    let invented = app.browser();
    invented.set_cookie("sid", "AAAAAAAAAAAAAAAAAAAAAA");
    assert!(!is_signed_in(&invented).await);
}

#[tokio::test]
async fn disabling_ends_it_at_the_next_request() {
    let app = TestApp::start().await;
    let browser = app.login(Role::Technician).await;
    assert!(is_signed_in(&browser).await);
    sqlx::query("update technicians set state = 'disabled'")
        .execute(&app.pool)
        .await
        .unwrap();
    assert!(!is_signed_in(&browser).await);
    sqlx::query("update technicians set state = 'active'")
        .execute(&app.pool)
        .await
        .unwrap();
    assert!(!is_signed_in(&browser).await, "and it stays ended");
}

#[tokio::test]
async fn a_viewer_looks_and_changes_nothing() {
    let app = TestApp::start().await;
    let viewer = app.login(Role::Viewer).await;
    assert_eq!(viewer.get(PAGE).await.status, 404);
    let page = viewer
        .post("/tenants/nobody/configuration/m365/validation", &[])
        .await;
    assert_eq!(page.status, 403, "{}", page.text());
    assert!(page.text().contains("Your role does not allow this"));
    let leaving = viewer.post("/tenants/nobody/leave", &[]).await;
    assert_eq!(
        leaving.status, 404,
        "leaving a Customer portal changes nothing and is not refused by role"
    );
    let technician = app.login(Role::Technician).await;
    assert_eq!(
        technician
            .post("/tenants/nobody/configuration/m365/validation", &[])
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_change_without_a_login_is_refused_and_not_remembered() {
    let app = TestApp::start().await;
    let page = app.browser().post("/tenants/nobody/leave", &[]).await;
    assert_eq!(
        (page.status, page.location.as_deref()),
        (303, Some("/login"))
    );
}
