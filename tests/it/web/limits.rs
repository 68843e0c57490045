//! Bounds on what may be asked, each with a page in our words; limits that all replicas share; and what browsers report.

use std::time::Duration;

use reqwest::Method;
use tenantry::domain::technician::Role;
use tenantry::web::ops;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::Fleet;

const EXPORT: &str = "/security/authentication-status/export.csv";

#[tokio::test]
async fn what_no_page_of_ours_asks_gets_the_error_page() {
    let app = TestApp::start().await;
    Fleet::new(&app.db, app.clock.now())
        .await
        .tenant("alder", "Alder Clinics")
        .await;
    let browser = app.login(Role::Owner).await;
    let long = "x".repeat(10_000);
    for (path, status) in [
        (format!("/tenants?q={long}"), 414),
        (format!("/monitoring/msal-errors?q={long}"), 414),
        ("/tenants?q=%00".into(), 400),
        ("/monitoring/msal-errors?q=a%00b".into(), 400),
        ("/security/authentication-status?q=%00".into(), 400),
        ("/tenants?q=a&q=b".into(), 400),
        ("/tenants?x=1&x=2".into(), 400),
        ("/monitoring/msal-errors?code=1&code=2".into(), 400),
        ("/tenants/%00".into(), 404),
        ("/tenants/%ff".into(), 404),
        ("/tenants/alder%2F..%2Fbirch".into(), 404),
        ("/onboarding/%00".into(), 404),
        ("/monitoring/msal-errors/%00".into(), 404),
    ] {
        let page = browser.get(&path).await;
        let shown: String = path.chars().take(60).collect();
        assert_eq!(page.status, status, "{shown}: {}", page.text());
        assert!(page.has("main h1"), "{shown}: {}", page.body);
        assert!(page.has("link[rel=stylesheet]"), "{shown} has no style");
        assert_eq!(
            page.header("content-type"),
            "text/html; charset=utf-8",
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_search_as_long_as_an_address_may_be_is_answered() {
    let app = TestApp::start().await;
    let browser = app.login(Role::Owner).await;
    for list in [
        "/tenants",
        "/monitoring/msal-errors",
        "/security/authentication-status",
    ] {
        let page = browser
            .get(&format!("{list}?q={}", "x".repeat(3_900)))
            .await;
        assert!([200, 422].contains(&page.status), "{list}: {}", page.status);
    }
}

#[tokio::test]
async fn a_field_that_the_page_does_not_send_is_refused_and_nothing_is_changed() {
    let app = TestApp::start().await;
    let browser = app.login(Role::Owner).await;
    let page = browser.get("/tenants/new").await;
    let new = [("full_name", "Alder Clinics"), ("short_name", "alder")];
    let smuggled = [new[0], new[1], ("entra_tenant", "x"), ("archived_at", "x")];
    let refused = browser.submit(&page, "main form", &smuggled).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(
        refused.text().contains("does not belong"),
        "{}",
        refused.text()
    );
    let tenants: i64 = sqlx::query_scalar("select count(*) from tenants")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(tenants, 0);
    assert_eq!(browser.submit(&page, "main form", &new).await.status, 303);
}

#[tokio::test]
async fn a_body_in_pieces_has_the_same_bound() {
    let app = TestApp::start().await;
    let base = &app.app.site.base_url;
    let host = format!("{}:{}", base.host_str().unwrap(), base.port().unwrap());
    let mut request = format!(
        "POST /login HTTP/1.1\r\nhost: {host}\r\nsec-fetch-site: same-origin\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    for _ in 0..7 {
        request += "2710\r\n";
        request += &"x".repeat(10_000);
        request += "\r\n";
    }
    let mut stream = TcpStream::connect(&host).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The rest of the body is not read, so that the connection may end with a reset behind the answer.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("Too much"), "{answer}");
}

#[tokio::test]
async fn a_technician_takes_twenty_files_in_five_minutes_whatever_replica_is_asked() {
    let app = TestApp::start().await;
    let browser = app.login(Role::Technician).await;
    let burst = (0..25).map(|_| browser.get(EXPORT));
    let statuses: Vec<u16> = futures_util::future::join_all(burst)
        .await
        .iter()
        .map(|page| page.status)
        .collect();
    let taken = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(taken, 20, "{statuses:?}");
    let refused = browser.get("/monitoring/reports.csv").await;
    assert_eq!(
        (refused.status, refused.text_of("h1").as_str()),
        (429, "Too often")
    );
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((200..=301).contains(&wait), "{wait}");
    let exported = app.audit().await;
    let exported = exported
        .iter()
        .filter(|act| act.contains("exported"))
        .count();
    assert_eq!(exported, 20, "what was refused was not taken");
    let other = app.login(Role::Technician).await;
    assert_eq!(
        other.get(EXPORT).await.status,
        200,
        "each person for themselves"
    );
    app.advance(Duration::from_secs(wait));
    app.everybody_proves_again().await;
    assert_eq!(browser.get(EXPORT).await.status, 200);
}

#[tokio::test]
async fn where_attempts_cannot_be_counted_nobody_is_let_in() {
    let app = TestApp::start().await;
    let (email, password) = ("robin@msp.example", "a few words in a row");
    app.technician_with_password(email, password, Role::Owner)
        .await;
    let form = [("email", email), ("password", password)];
    sqlx::query("alter table login_failures rename to elsewhere")
        .execute(&app.pool)
        .await
        .unwrap();
    let browser = app.browser();
    let page = browser.post("/login", &form).await;
    assert_eq!(page.status, 500);
    assert_eq!(browser.get("/tenants").await.status, 303, "not signed in");
    sqlx::query("alter table elsewhere rename to login_failures")
        .execute(&app.pool)
        .await
        .unwrap();
    assert_eq!(browser.post("/login", &form).await.status, 303);
}

async fn report(browser: &Browser, kind: &str, body: String) -> u16 {
    // As browsers send it: with neither Origin nor Sec-Fetch-Site.
    let request = browser
        .request(Method::POST, "/csp-reports")
        .header("content-type", kind)
        .body(body);
    browser.send(request).await.status
}

fn refused(directive: &str) -> String {
    format!(
        r#"[{{"type":"csp-violation","age":3,"url":"https://portal/","user_agent":"x","body":{{"effectiveDirective":"{directive}","blockedURL":"inline","sample":"geheim"}}}}]"#
    )
}

const REPORTS: &str = "application/reports+json";

#[tokio::test]
async fn what_browsers_report_is_counted_by_directive_and_seen_by_operations() {
    let app = TestApp::start().await;
    let browser = app.browser();
    for directive in ["script-src-elem", "script-src-attr", "img-src", "<script>"] {
        assert_eq!(report(&browser, REPORTS, refused(directive)).await, 204);
    }
    let router = ops::router(app.app.clone(), CancellationToken::new());
    let ask = axum::http::Request::get("/metrics").body(axum::body::Body::empty());
    let answer = router.oneshot(ask.unwrap()).await.unwrap();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20)
        .await
        .unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    for line in [
        r#"tenantry_csp_reports_total{directive="script-src"} 2"#,
        r#"tenantry_csp_reports_total{directive="img-src"} 1"#,
        r#"tenantry_csp_reports_total{directive="other"} 1"#,
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    let kept: Vec<String> = sqlx::query_scalar("select row_to_json(r)::text from csp_reports r")
        .fetch_all(&app.pool)
        .await
        .unwrap();
    assert!(
        kept.iter()
            .all(|row| !row.contains("geheim") && !row.contains('<'))
    );
}

#[tokio::test]
async fn reports_are_small_few_and_understood_or_not_taken() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let large = refused(&"x".repeat(17_000));
    assert_eq!(report(&browser, REPORTS, large).await, 413);
    assert_eq!(report(&browser, REPORTS, "[".repeat(40)).await, 400);
    assert_eq!(
        report(&browser, "text/plain", refused("img-src")).await,
        400
    );
    assert_eq!(browser.get("/csp-reports").await.status, 405);
    let mut statuses = Vec::new();
    for _ in 0..31 {
        statuses.push(report(&browser, REPORTS, refused("img-src")).await);
    }
    assert_eq!(statuses.pop(), Some(429));
    assert!(statuses.iter().all(|status| *status == 204), "{statuses:?}");
    let counted: i64 = sqlx::query_scalar("select reports from csp_reports")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(counted, 30);
}
