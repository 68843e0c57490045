//! What stands before every page: only our own name, only our own forms, and headers on every answer.

use reqwest::Method;
use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::page::Page;

fn has_the_headers(page: &Page) {
    let policy = page.header("content-security-policy");
    for directive in [
        "default-src 'none'",
        "script-src 'nonce-",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ] {
        assert!(policy.contains(directive), "{}: {policy}", page.path);
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(page.header(name), value, "{}", page.path);
    }
    assert!(
        page.header("permissions-policy").contains("camera=()"),
        "{}",
        page.path
    );
    assert!(page.header("x-request-id").len() == 36, "{}", page.path);
}

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let app = TestApp::start().await;
    let owner = app.login(Role::Owner).await;
    let long = format!("/tenants?q={}", "x".repeat(5000));
    let mut pages = vec![
        owner.post("/nowhere", &[]).await,
        app.browser().get("/login").await,
        app.browser().get("/login/link/none").await,
        app.browser().get("/onboarding/none").await,
        app.browser().get("/tenants/contoso").await,
        app.browser()
            .send(app.browser().request(Method::POST, "/login"))
            .await,
        app.browser()
            .send(
                app.browser()
                    .request(Method::GET, "/login")
                    .header("host", "evil.example"),
            )
            .await,
    ];
    for path in [
        "/",
        "/nowhere",
        "/static/1/none.css",
        "/tenants/nobody",
        long.as_str(),
    ] {
        pages.push(owner.get(path).await);
    }
    for page in &pages {
        has_the_headers(page);
        assert_eq!(page.header("cache-control"), "no-store", "{}", page.path);
    }
    let statuses: Vec<_> = pages.iter().map(|page| page.status).collect();
    assert_eq!(
        statuses,
        [404, 200, 410, 404, 303, 403, 421, 303, 404, 404, 404, 414]
    );
}

#[tokio::test]
async fn scripts_and_styles_carry_the_nonce_of_their_answer() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let (one, other) = (browser.get("/login").await, browser.get("/login").await);
    for page in [&one, &other] {
        let nonces = page.attributes("script, link[rel=stylesheet]", "nonce");
        assert_eq!(
            nonces.len(),
            page.texts("script, link[rel=stylesheet]").len()
        );
        assert!(nonces.len() > 5);
        for nonce in nonces {
            assert!(
                page.header("content-security-policy")
                    .contains(&format!("script-src 'nonce-{nonce}'"))
            );
        }
        assert!(
            !page.has("[style], style, [onclick], script:not([src])"),
            "nothing inline"
        );
    }
    assert_ne!(
        one.attributes("script", "nonce")[0],
        other.attributes("script", "nonce")[0]
    );
}

#[tokio::test]
async fn assets_are_kept_by_browsers_under_their_own_version_alone() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let sheet = browser
        .get("/login")
        .await
        .attributes("link[rel=stylesheet]", "href")
        .remove(0);
    let page = browser.get(&sheet).await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/css; charset=utf-8")
    );
    assert!(page.header("cache-control").contains("immutable"));
    has_the_headers(&page);
    let other = browser.get("/static/0123456789abcdef/css/base.css").await;
    assert_eq!(
        (other.status, other.header("cache-control")),
        (200, "no-cache")
    );
    assert_eq!(browser.get("/static/1/../../Cargo.toml").await.status, 404);
}

#[tokio::test]
async fn a_change_must_come_from_our_own_pages() {
    let app = TestApp::start().await;
    let browser = app.login(Role::Owner).await;
    let ours = app.app.site.base_url.origin().ascii_serialization();
    let send = async |headers: &[(&str, &str)]| {
        let mut request = browser.request(Method::POST, "/tenants/nobody/leave");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        browser.send(request).await.status
    };
    assert_eq!(send(&[]).await, 403, "no page of ours sends neither header");
    assert_eq!(send(&[("sec-fetch-site", "cross-site")]).await, 403);
    assert_eq!(send(&[("sec-fetch-site", "same-site")]).await, 403);
    assert_eq!(send(&[("sec-fetch-site", "none")]).await, 403);
    assert_eq!(send(&[("origin", "https://evil.example")]).await, 403);
    assert_eq!(send(&[("origin", "null")]).await, 403);
    assert_eq!(
        send(&[("sec-fetch-site", "cross-site"), ("origin", &ours)]).await,
        403
    );
    assert_eq!(
        send(&[("sec-fetch-site", "same-origin")]).await,
        404,
        "let through"
    );
    assert_eq!(send(&[("origin", &ours)]).await, 404, "let through");
}

#[tokio::test]
async fn a_refused_change_looks_like_a_page_and_says_what_to_do() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let page = browser.send(browser.request(Method::POST, "/login")).await;
    assert_eq!(page.text_of("h1"), "Refused");
    assert!(page.text().contains("reload"));
}

#[tokio::test]
async fn an_address_behind_no_trusted_proxy_is_the_connections_own() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let request = |browser: &crate::support::browser::Browser| {
        browser
            .request(Method::POST, "/login")
            .header("sec-fetch-site", "same-origin")
            .header("x-forwarded-for", "203.0.113.7")
            .header("x-request-id", "invented")
            .form(&[("email", "robin@msp.example"), ("password", "guess")])
    };
    browser.send(request(&browser)).await;
    let proxied = TestApp::start_with(|app| {
        app.trusted_proxies = std::sync::Arc::new(["127.0.0.0/8".parse().unwrap()]);
    })
    .await;
    let behind = proxied.browser();
    behind.send(request(&behind)).await;
    for (app, ip) in [(&app, "127.0.0.1"), (&proxied, "203.0.113.7")] {
        let (seen, id): (String, String) =
            sqlx::query_as("select ip, request_id from audit_events")
                .fetch_one(&app.pool)
                .await
                .unwrap();
        assert_eq!(seen, ip);
        assert_ne!(id, "invented");
    }
}
