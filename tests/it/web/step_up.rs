//! `/login/step-up`: a fresh proof of the second factor before dangerous acts.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{ORIGIN, REFERER};
use tenantry::domain::technician::Role;
use tenantry::web;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::factors::{Phone, early_in_a_step};
use crate::support::page::Page;

const EMAIL: &str = "robin@msp.example";

/// An owner with an authenticator app, signed in a while ago.
async fn stage() -> (TestApp, Browser, Phone) {
    let app = TestApp::start().await;
    early_in_a_step().await;
    let id = app.technician(EMAIL, Role::Owner).await;
    let (phone, _) = app.phone_of(EMAIL).await;
    let browser = app.browser_of(id).await;
    app.advance(Duration::from_secs(301));
    (app, browser, phone)
}

/// Send a form from this page of ours.
async fn post_from(
    browser: &Browser,
    app: &TestApp,
    page: &str,
    to: &str,
    fields: &[(&str, &str)],
) -> Page {
    let base = &app.app.site.base_url;
    let request = browser
        .request(Method::POST, to)
        .header("sec-fetch-site", "same-origin")
        .header(ORIGIN, base.origin().ascii_serialization())
        .header(REFERER, base.join(page).unwrap().as_str())
        .form(fields);
    browser.send(request).await
}

#[tokio::test]
async fn a_dangerous_act_waits_for_a_fresh_proof_and_what_was_typed_stays() {
    let (app, browser, phone) = stage().await;
    let fields = [
        ("name", "Sam Field"),
        ("email", "sam@msp.example"),
        ("role", "viewer"),
    ];
    let asked = post_from(
        &browser,
        &app,
        "/security/technicians/new",
        "/security/technicians",
        &fields,
    )
    .await;
    let to = asked.location.unwrap();
    assert_eq!(
        (asked.status, to.as_str()),
        (303, "/login/step-up?next=%2Fsecurity%2Ftechnicians%2Fnew")
    );
    let people = "select count(*) from technicians";
    let count = || async {
        sqlx::query_scalar::<_, i64>(people)
            .fetch_one(&app.pool)
            .await
            .unwrap()
    };
    assert_eq!(count().await, 1, "nothing was done yet");
    let page = browser.get(&to).await;
    assert_eq!(page.text_of("h1"), "Confirm that it is you");
    let wrong = browser
        .submit(&page, "form#app-code", &[("code", "000000")])
        .await;
    assert_eq!(wrong.status, 422);
    let before = browser.cookie("sid").unwrap();
    let proved = browser
        .submit(&page, "form#app-code", &[("code", &phone.code(0))])
        .await;
    assert_ne!(browser.cookie("sid").unwrap(), before, "a new id");
    let waiting = browser.follow(proved).await;
    assert_eq!(waiting.value("email"), "sam@msp.example");
    assert_eq!(count().await, 1, "it waits for the button");
    let done = browser.submit(&waiting, "form#again", &[]).await;
    assert!(done.has("#login-link"), "{}", done.text());
    assert_eq!(count().await, 2);
    let thief = app.browser();
    thief.set_cookie("sid", &before);
    assert_eq!(
        thief.get("/tenants").await.status,
        303,
        "the old id is worth nothing"
    );
}

#[tokio::test]
async fn what_is_secret_is_not_kept_and_the_page_with_the_form_comes_back() {
    let (app, browser, phone) = stage().await;
    let page = "/security/app-registration";
    let to = "/security/app-registration/secrets";
    let asked = post_from(&browser, &app, page, to, &[("secret", "abc8Q~canary")]).await;
    let stored: i64 =
        sqlx::query_scalar("select count(*) from login_sessions s where s::text like '%canary%'")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!(stored, 0);
    let form = browser.follow(asked).await;
    let proved = browser
        .submit(&form, "form#app-code", &[("code", &phone.code(0))])
        .await;
    assert_eq!(proved.location.as_deref(), Some(page));
    let told = browser.follow(proved).await;
    assert!(
        told.text_of("[role=status]")
            .contains("Nothing was changed yet"),
        "{}",
        told.text()
    );
}

/// "Sign out everywhere" of somebody, sent with an old proof.
async fn ask_to_reset(app: &TestApp, browser: &Browser) -> (String, Page) {
    let somebody = app.technician("sam@msp.example", Role::Viewer).await;
    let page = format!("/security/technicians/{somebody}");
    let to = format!("{page}/disabling");
    let asked = post_from(browser, app, &page, &to, &[]).await;
    (page, browser.follow(asked).await)
}

async fn disabled(app: &TestApp) -> i64 {
    sqlx::query_scalar("select count(*) from technicians where state = 'disabled'")
        .fetch_one(&app.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn who_walks_away_from_a_dangerous_act_is_not_offered_it_later() {
    let (app, browser, phone) = stage().await;
    ask_to_reset(&app, &browser).await;
    browser.get("/tenants").await;
    let proved = browser
        .post(
            "/login/step-up",
            &[("code", &phone.code(0)), ("next", "/profile")],
        )
        .await;
    assert_eq!(proved.location.as_deref(), Some("/profile"));
    let again = browser.get("/login/step-up/again").await;
    assert_eq!(again.location.as_deref(), Some("/"));
    assert_eq!(disabled(&app).await, 0);
}

#[tokio::test]
async fn what_was_done_is_not_offered_again() {
    let (app, browser, phone) = stage().await;
    let (page, form) = ask_to_reset(&app, &browser).await;
    let proved = browser
        .submit(&form, "form#app-code", &[("code", &phone.code(0))])
        .await;
    let waiting = browser.follow(proved).await;
    assert!(
        waiting.text().contains(&format!("{page}/disabling")),
        "it says what"
    );
    browser.submit(&waiting, "form#again", &[]).await;
    assert_eq!(disabled(&app).await, 1);
    let again = browser.get("/login/step-up/again").await;
    assert_eq!(again.location.as_deref(), Some("/"));
}

#[tokio::test]
async fn nobody_is_thanked_for_a_proof_that_was_not_made() {
    let (_app, browser, _) = stage().await;
    let page = browser
        .get("/login/step-up/again?next=/monitoring/reports.csv")
        .await;
    let to = page.location.unwrap();
    assert!(to.starts_with("/login/step-up?next="), "{to}");
}

#[tokio::test]
async fn a_file_is_downloaded_from_a_page_that_says_so() {
    let (_app, browser, phone) = stage().await;
    let file = "/monitoring/msal-errors/export.csv?code=50173";
    let asked = browser.get(file).await;
    let form = browser.follow(asked).await;
    let proved = browser
        .submit(&form, "form#app-code", &[("code", &phone.code(0))])
        .await;
    let page = browser.follow(proved).await;
    let links = page.attributes("#download a", "href");
    assert_eq!(links, [file, "/monitoring/msal-errors?code=50173"]);
    assert_eq!(browser.get(file).await.status, 200);
}

#[tokio::test]
async fn a_proof_leads_to_no_other_site() {
    let (app, browser, phone) = stage().await;
    for evil in ["//evil.example", "https://evil.example/", "/\\evil.example"] {
        app.next_step().await;
        let fields = [("code", &*phone.code(0)), ("next", evil)];
        let page = browser.post("/login/step-up", &fields).await;
        assert_eq!(
            page.location.as_deref(),
            Some("/"),
            "{evil}: {}",
            page.text()
        );
    }
    let request = browser
        .request(Method::POST, "/profile/recovery-codes")
        .header("sec-fetch-site", "same-origin")
        .header(REFERER, "https://evil.example/trap");
    app.advance(Duration::from_secs(301));
    let asked = browser.send(request).await;
    assert_eq!(asked.location.as_deref(), Some("/login/step-up"));
}

#[tokio::test]
async fn every_route_that_says_so_asks_for_it() {
    let (app, browser, _) = stage().await;
    let mut tried = 0;
    for route in web::inventory().into_iter().filter(|route| route.fresh) {
        let path = route
            .path
            .replace("{id}", "019e2f00-0000-7000-8000-000000000000")
            .replace("{short}", "absent");
        let page = if route.changes() {
            browser.post(&path, &[]).await
        } else {
            browser.get(&path).await
        };
        let to = page.location.clone().unwrap_or_default();
        assert!(
            to.starts_with("/login/step-up"),
            "{route:?}: {} {to}",
            page.status
        );
        tried += 1;
    }
    assert!(tried >= 28, "{tried}");
    for word in [
        "technicians",
        "api-keys",
        "app-registration",
        "disconnect",
        "export",
        "report.csv",
        "profile",
    ] {
        let asks = |path: &str| path.contains(word);
        assert!(
            web::inventory()
                .iter()
                .any(|route| route.fresh && asks(&route.path)),
            "{word}"
        );
    }
    assert!(
        !app.audit()
            .await
            .iter()
            .any(|entry| entry.starts_with("technician.reset"))
    );
}

#[tokio::test]
async fn five_minutes_are_fresh_and_twelve_hours_stay_twelve() {
    let (app, browser, phone) = stage().await;
    browser
        .post("/login/step-up", &[("code", &phone.code(0))])
        .await;
    app.advance(Duration::from_secs(299));
    assert_eq!(
        browser.post("/profile/recovery-codes", &[]).await.status,
        200
    );
    app.advance(Duration::from_secs(2));
    assert_eq!(
        browser.post("/profile/recovery-codes", &[]).await.status,
        303
    );
    // A proof renews the id and not the life.
    for _ in 0..28 {
        app.advance(Duration::from_mins(25));
        app.next_step().await;
        browser.get("/tenants").await;
        let page = browser
            .post("/login/step-up", &[("code", &phone.code(0))])
            .await;
        assert_eq!(page.status, 303, "{}", page.text());
    }
    app.advance(Duration::from_mins(25));
    assert_eq!(
        browser.get("/tenants").await.location.as_deref(),
        Some("/login?next=%2Ftenants")
    );
}
