//! Headers on every answer, errors included.

use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::page::Page;

fn has_the_headers(page: &Page) {
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'"),
        "{}: {policy}",
        page.path
    );
    assert!(policy.contains("frame-ancestors 'none'"), "{}", page.path);
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
    assert!(!page.header("x-request-id").is_empty(), "{}", page.path);
}

#[tokio::test]
async fn every_answer_carries_them() {
    let app = TestApp::start().await;
    let owner = app.login(Role::Owner).await;
    for path in [
        "/",
        "/login",
        "/nowhere",
        "/static/1/none.css",
        "/tenants/no-such-tenant",
    ] {
        has_the_headers(&owner.get(path).await);
    }
    has_the_headers(&owner.post("/nowhere", &[]).await);
}
