//! What stands before every page: only our own name, only our own forms, and headers on every answer.

use reqwest::Method;
use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::page::Page;

fn has_the_headers(page: &Page) {
    let policy = page.header("content-security-policy");
    let (nonce, _) = policy
        .split_once("'nonce-")
        .and_then(|(_, rest)| rest.split_once('\''))
        .unwrap();
    assert!(nonce.len() >= 22, "{nonce}");
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; font-src 'self'; \
             connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'; report-to csp"
        ),
        "{}",
        page.path
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("reporting-endpoints", "csp=\"/csp-reports\""),
    ] {
        assert_eq!(page.header(name), value, "{}", page.path);
    }
    let permissions = page.header("permissions-policy");
    for denied in ["camera=()", "microphone=()", "geolocation=()", "usb=()"] {
        assert!(permissions.contains(denied), "{}: {permissions}", page.path);
    }
    let allowed = permissions.matches("=(self)").count();
    assert_eq!(allowed, 3, "passkeys and the clipboard: {permissions}");
    assert!(!page.headers.contains_key("access-control-allow-origin"));
    assert!(!page.headers.contains_key("server"));
    assert!(page.header("x-request-id").len() == 36, "{}", page.path);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list of requests")]
async fn every_answer_carries_the_headers() {
    let app = TestApp::start().await;
    let owner = app.login(Role::Owner).await;
    let nobody = app.browser();
    let sheet = nobody
        .get("/login")
        .await
        .attributes("link[rel=stylesheet]", "href")
        .remove(0);
    let ask = |method: Method, path: &str| {
        nobody
            .request(method, path)
            .header("sec-fetch-site", "same-origin")
    };
    let long = format!("/tenants?q={}", "x".repeat(10_000));
    let much = "x".repeat(70_000);
    let cookies = format!("a={}", "x".repeat(17_000));
    let report = r#"{"csp-report":{"violated-directive":"img-src"}}"#;
    let cases = [
        (200, nobody.get("/login").await),
        (200, owner.get("/security/authentication-status").await),
        (
            200,
            owner
                .get("/security/authentication-status/export.csv")
                .await,
        ),
        (200, nobody.get(&sheet).await),
        (
            204,
            nobody
                .send(
                    ask(Method::POST, "/csp-reports")
                        .header("content-type", "application/csp-report")
                        .body(report),
                )
                .await,
        ),
        (303, owner.get("/").await),
        (303, nobody.get("/tenants/contoso").await),
        (303, owner.post("/logout", &[]).await),
        (400, nobody.get("/login?next=a&next=b").await),
        (400, nobody.get("/login/link/%ff").await),
        (
            403,
            nobody.send(nobody.request(Method::POST, "/login")).await,
        ),
        (404, nobody.get("/nowhere").await),
        (404, nobody.post("/nowhere", &[]).await),
        (404, nobody.get("/static/1/none.css").await),
        (404, nobody.get("/onboarding/none").await),
        (405, nobody.get("/logout").await),
        (405, nobody.send(ask(Method::PUT, "/login")).await),
        (405, nobody.send(ask(Method::OPTIONS, "/login")).await),
        (410, nobody.get("/login/link/none").await),
        (413, nobody.post("/login", &[("email", &much)]).await),
        (414, nobody.get(&long).await),
        (
            415,
            nobody
                .send(
                    ask(Method::POST, "/login")
                        .header("content-encoding", "gzip")
                        .body("x"),
                )
                .await,
        ),
        (
            421,
            nobody
                .send(ask(Method::GET, "/login").header("host", "evil.example"))
                .await,
        ),
        (
            422,
            nobody
                .post("/login", &[("email", "a@b.example"), ("password", "guess")])
                .await,
        ),
        (
            431,
            nobody
                .send(ask(Method::GET, "/login").header("cookie", &cookies))
                .await,
        ),
    ];
    for (status, page) in &cases {
        assert_eq!(page.status, *status, "{}: {}", page.path, page.text());
        has_the_headers(page);
        let kept = page.header("cache-control");
        if page.path == sheet {
            assert!(kept.contains("immutable"), "{kept}");
        } else {
            assert_eq!(kept, "no-store", "{}", page.path);
        }
    }
    sqlx::query("alter table login_failures rename to elsewhere")
        .execute(&app.pool)
        .await
        .unwrap();
    let form = [("email", "a@b.example"), ("password", "guess")];
    let page = nobody.post("/login", &form).await;
    assert_eq!(page.status, 500);
    has_the_headers(&page);
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
    let (scheme, name) = ours.split_once("://").unwrap();
    let other = if scheme == "https" { "http" } else { "https" };
    assert_eq!(
        send(&[("origin", &format!("{other}://{name}"))]).await,
        403,
        "of our name, but not by our scheme"
    );
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
