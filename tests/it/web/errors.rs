//! Error pages: a title, what to do, a reference when it is our fault, and never the cause.

use reqwest::Method;
use tenantry::domain::technician::Role;

use crate::support::app::TestApp;

#[tokio::test]
async fn each_refusal_of_the_server_is_a_page_in_our_words() {
    let app = TestApp::start().await;
    let browser = app.login(Role::Owner).await;
    let big = "x".repeat(70_000);
    let form = |browser: &crate::support::browser::Browser| {
        browser
            .request(Method::POST, "/login")
            .header("sec-fetch-site", "same-origin")
    };
    let cases = [
        (browser.get("/nowhere").await, 404, "Not found"),
        (browser.get("/logout").await, 405, "Not possible here"),
        (
            browser
                .get(&format!("/login?next={}", "x".repeat(5000)))
                .await,
            414,
            "Address too long",
        ),
        (
            browser.post("/login", &[("email", &big)]).await,
            413,
            "Too much",
        ),
        (
            browser.post("/login", &[("email", "half a form")]).await,
            400,
            "Request not understood",
        ),
        (
            browser.send(form(&browser).json(&["no form"])).await,
            400,
            "Request not understood",
        ),
        (
            browser.get("/login?next=a&next=b").await,
            400,
            "Request not understood",
        ),
        (
            browser
                .send(
                    browser
                        .request(Method::GET, "/login")
                        .header("host", "evil.example"),
                )
                .await,
            421,
            "Wrong address",
        ),
    ];
    for (page, status, title) in cases {
        assert_eq!(page.status, status, "{title}: {}", page.text());
        assert_eq!(page.text_of("h1"), title);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(
            !page.text().contains("Reference"),
            "{title}: nobody needs to be asked"
        );
        assert!(page.has("a[href='/']"));
    }
}

#[tokio::test]
async fn our_own_fault_has_a_reference_and_no_cause() {
    let app = TestApp::start().await;
    let browser = app.login(Role::Owner).await;
    sqlx::query("alter table technicians rename column role to roles")
        .execute(&app.pool)
        .await
        .unwrap();
    let page = browser.get("/tenants/nobody").await;
    assert_eq!(page.status, 500);
    assert_eq!(page.text_of("h1"), "Something went wrong");
    assert_eq!(
        page.text_of("main .mono"),
        page.header("x-request-id"),
        "the id that log and audit have"
    );
    for word in ["role", "column", "technicians", "sqlx", "error returned"] {
        assert!(!page.body.contains(word), "{word}: {}", page.body);
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_read_is_our_fault_too() {
    let app = TestApp::start().await;
    let browser = app.login(Role::Owner).await;
    sqlx::query("update login_sessions set data = '7'")
        .execute(&app.pool)
        .await
        .unwrap();
    let page = browser.get("/tenants/nobody").await;
    assert_eq!(
        (page.status, page.text_of("h1").as_str()),
        (500, "Something went wrong")
    );
}
