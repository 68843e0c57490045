//! `/login` and `/logout`.

use std::time::Duration;

use tenantry::domain::op::{Actor, Op};
use tenantry::domain::technician::{self, LoginName, Role};

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::page::Page;

const EMAIL: &str = "robin@msp.example";
const PASSWORD: &str = "correct horse battery";
const FORM: &str = "form#sign-in";
const REFUSED: &str = "The e-mail address or the password is wrong.";

/// A portal with one technician who has a password.
async fn portal() -> TestApp {
    let app = TestApp::start().await;
    app.technician_with_password(EMAIL, PASSWORD, Role::Owner)
        .await;
    app
}

async fn try_login(browser: &Browser, email: &str, password: &str) -> Page {
    let page = browser.get("/login").await;
    assert_eq!(page.status, 200);
    browser
        .submit(&page, FORM, &[("email", email), ("password", password)])
        .await
}

#[tokio::test]
async fn the_right_password_and_the_second_factor_sign_in() {
    let app = portal().await;
    let browser = app.browser();
    let page = try_login(&browser, " Robin@MSP.example ", PASSWORD).await;
    assert_eq!(
        (page.status, page.location.as_deref()),
        (303, Some("/login/factor"))
    );
    assert_eq!(
        browser.get("/tenants/nobody").await.location.as_deref(),
        Some("/login/factor"),
        "a password alone opens nothing"
    );
    let page = app.with_second_factor(&browser, EMAIL).await;
    assert_eq!((page.status, page.location.as_deref()), (303, Some("/")));
    assert_eq!(
        browser.get("/tenants/nobody").await.status,
        404,
        "signed in, and no such tenant"
    );
    assert_eq!(
        app.audit().await,
        [
            "technician.added done",
            "technician.password_proved done",
            "factor.begun done",
            "factor.added done",
            "recovery_codes.made done",
            "recovery_codes.kept done",
            "technician.factor_proved done",
            "technician.signed_in done"
        ]
    );
    let last: Option<time::OffsetDateTime> =
        sqlx::query_scalar("select last_login_at from technicians")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert!(last.is_some());
}

#[tokio::test]
async fn a_login_leads_back_to_the_page_that_was_asked_for() {
    let app = portal().await;
    let browser = app.browser();
    let asked = browser.get("/tenants/contoso?tab=2").await;
    let to_login = asked.location.unwrap();
    assert_eq!(
        (asked.status, to_login.as_str()),
        (303, "/login?next=%2Ftenants%2Fcontoso%3Ftab%3D2")
    );
    let form = browser.get(&to_login).await;
    let page = browser
        .submit(&form, FORM, &[("email", EMAIL), ("password", PASSWORD)])
        .await;
    assert_eq!(page.location.as_deref(), Some("/login/factor"));
    let page = app.with_second_factor(&browser, EMAIL).await;
    assert_eq!(page.location.as_deref(), Some("/tenants/contoso?tab=2"));
    let again = browser.get(&to_login).await;
    assert_eq!(
        again.location.as_deref(),
        Some("/tenants/contoso?tab=2"),
        "signed in already"
    );
}

#[tokio::test]
async fn a_login_leads_to_no_other_site() {
    let app = portal().await;
    let (phone, _) = app.phone_of(EMAIL).await;
    for evil in ["//evil.example", "https://evil.example/", "/\\evil.example"] {
        let browser = app.browser();
        let fields = [("email", EMAIL), ("password", PASSWORD), ("next", evil)];
        assert_eq!(browser.post("/login", &fields).await.status, 303);
        app.next_step().await;
        let code = phone.code(0);
        let page = browser.post("/login/factor", &[("code", &code)]).await;
        assert_eq!(
            (page.status, page.location.as_deref()),
            (303, Some("/")),
            "{evil}"
        );
    }
}

#[tokio::test]
async fn a_wrong_password_an_unknown_and_a_disabled_technician_look_the_same() {
    let app = portal().await;
    app.technician("new@msp.example", Role::Owner).await;
    app.technician_with_password("gone@msp.example", PASSWORD, Role::Viewer)
        .await;
    let mut op = Op::begin(&app.app.pool, &app.clock, Actor::Command("test"))
        .await
        .unwrap();
    let gone = LoginName::parse("gone@msp.example").unwrap();
    technician::disable(&mut op, &gone).await.unwrap();
    op.commit().await.unwrap();

    for (email, password) in [
        (EMAIL, "not the password at all"),
        (EMAIL, ""),
        ("nobody@msp.example", PASSWORD),
        ("no address", PASSWORD),
        ("new@msp.example", ""),
        ("gone@msp.example", PASSWORD),
    ] {
        let browser = app.browser();
        let page = try_login(&browser, email, password).await;
        assert_eq!(page.status, 422, "{email}");
        assert!(
            page.text_of("#problem").starts_with(REFUSED),
            "{email}: {}",
            page.text()
        );
        assert_eq!(page.value("email"), email, "what was typed stays");
        assert!(
            !page.body.contains("not the password"),
            "the password does not come back"
        );
        assert_eq!(browser.cookie("sid"), None, "{email}");
    }
    let denied = app
        .audit()
        .await
        .iter()
        .filter(|entry| *entry == "technician.signed_in denied")
        .count();
    assert_eq!(denied, 6);
}

#[tokio::test]
async fn hostile_text_stays_text() {
    let app = portal().await;
    let hostile = r#""><script>alert(1)</script>@x"#;
    let page = try_login(&app.browser(), hostile, "whatever it takes").await;
    assert_eq!(page.value("email"), hostile);
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
}

#[tokio::test]
async fn failures_slow_down_the_account_known_or_not() {
    let app = portal().await;
    for email in [EMAIL, "nobody@msp.example"] {
        let browser = app.browser();
        for attempt in 1..=5 {
            let page = try_login(&browser, email, "guess number whatever").await;
            assert_eq!(page.status, 422, "attempt {attempt}");
        }
        let page = try_login(&browser, email, PASSWORD).await;
        assert_eq!(page.status, 429, "{email}: even the right password waits");
        // Five, less what the attempts themselves took.
        let wait: u32 = page.header("retry-after").parse().unwrap();
        assert!((2..=5).contains(&wait), "{wait}");
        let said = page.text_of("#problem");
        assert!(said.contains(&format!("Wait {wait} seconds")), "{said}");
        assert_eq!(browser.cookie("sid"), None);
    }
    app.advance(Duration::from_secs(5));
    let browser = app.browser();
    let page = try_login(&browser, EMAIL, PASSWORD).await;
    assert_eq!(page.status, 303, "after the wait");
    let page = app.with_second_factor(&browser, EMAIL).await;
    assert_eq!(page.location.as_deref(), Some("/"), "without another wait");
    let left: i64 =
        sqlx::query_scalar("select count(*) from login_failures where subject like 'account:%'")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!(
        left, 1,
        "success forgets the account's failures, not the other's"
    );
}

#[tokio::test]
async fn waiting_is_never_for_good() {
    let app = portal().await;
    sqlx::query(
        "insert into login_failures (subject, failures, last_failed_at) values ($1, 4000, $2)",
    )
    .bind(account_subject())
    .bind(app.clock.now())
    .execute(&app.pool)
    .await
    .unwrap();
    assert_eq!(try_login(&app.browser(), EMAIL, PASSWORD).await.status, 429);
    app.advance(Duration::from_mins(15));
    assert_eq!(try_login(&app.browser(), EMAIL, PASSWORD).await.status, 303);
}

/// As the portal names the account: no address, no typed password stands in the table.
fn account_subject() -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, EMAIL.as_bytes());
    format!("account:{}", hex::encode(hash))
}

#[tokio::test]
async fn many_guesses_at_once_are_counted_one_by_one() {
    let app = portal().await;
    let browser = app.browser();
    let fields = [("email", EMAIL), ("password", "guess number whatever")];
    let begun = app.clock.now();
    let guesses = (0..12).map(|_| browser.post("/login", &fields));
    let pages = futures_util::future::join_all(guesses).await;
    let looked_at = pages.iter().filter(|page| page.status == 422).count();
    // On a busy machine the first waits (5, 10, 20, 40 s) may be over before all have asked.
    let took = (app.clock.now() - begun).whole_seconds();
    let waits_over = [5, 15, 35, 75].iter().filter(|end| took >= **end).count();
    assert!(
        looked_at <= 5 + waits_over,
        "{looked_at} passwords were tried in {took} s"
    );
    let statuses: Vec<u16> = pages.iter().map(|page| page.status).collect();
    assert!(
        statuses.iter().all(|status| matches!(status, 422 | 429)),
        "{statuses:?}"
    );
}

#[tokio::test]
async fn one_address_is_slowed_down_whatever_accounts_it_tries() {
    let app = portal().await;
    sqlx::query("insert into login_failures (subject, failures, last_failed_at) values ('address:127.0.0.1', 30, $1)")
        .bind(app.clock.now())
        .execute(&app.pool)
        .await
        .unwrap();
    let page = try_login(&app.browser(), EMAIL, PASSWORD).await;
    assert_eq!(page.status, 429);
    assert!(
        page.text_of("#problem").contains("15 minutes"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn a_login_gets_a_new_session_id_and_the_old_one_dies() {
    let app = portal().await;
    let planted = app.login(Role::Viewer).await;
    let old = planted.cookie("sid").unwrap();
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    assert_eq!(planted.post("/login", &fields).await.status, 303);
    let halfway = planted.cookie("sid").unwrap();
    assert_ne!(halfway, old);
    app.with_second_factor(&planted, EMAIL).await;
    assert_ne!(
        planted.cookie("sid").unwrap(),
        halfway,
        "a new one for each step"
    );
    let thief = app.browser();
    for id in [&old, &halfway] {
        thief.set_cookie("sid", id);
        let page = thief.get("/tenants/nobody").await;
        let to = page.location.unwrap();
        assert!(
            to.starts_with("/login?"),
            "the planted id is worth nothing: {to}"
        );
    }
    let cookie = app.browser();
    let answer = cookie.post("/login", &fields).await;
    let set = answer.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Max-Age") && !set.contains("Domain"), "{set}");
}

#[tokio::test]
async fn logging_out_ends_the_session_for_good() {
    let app = portal().await;
    for role in Role::ALL {
        let browser = app.login(role).await;
        let id = browser.cookie("sid").unwrap();
        let page = browser.post("/logout", &[]).await;
        assert_eq!(
            (page.status, page.location.as_deref()),
            (303, Some("/login")),
            "{role}"
        );
        assert!(page.header("clear-site-data").contains("\"cookies\""));
        browser.set_cookie("sid", &id);
        assert_eq!(browser.get("/tenants/nobody").await.status, 303, "{role}");
    }
    let stranger = app.browser();
    assert_eq!(
        stranger.post("/logout", &[]).await.location.as_deref(),
        Some("/login"),
        "nobody was signed in"
    );
}

#[tokio::test]
async fn the_sixth_login_ends_the_oldest() {
    let app = portal().await;
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let (phone, _) = app.phone_of(EMAIL).await;
    let mut browsers = Vec::new();
    for _ in 0..6 {
        let browser = app.browser();
        assert_eq!(browser.post("/login", &fields).await.status, 303);
        app.next_step().await;
        let code = phone.code(0);
        let page = browser.post("/login/factor", &[("code", &code)]).await;
        assert_eq!(page.location.as_deref(), Some("/"));
        browsers.push(browser);
        app.advance(Duration::from_secs(1));
    }
    assert_eq!(browsers[0].get("/tenants/nobody").await.status, 303);
    for browser in &browsers[1..] {
        assert_eq!(browser.get("/tenants/nobody").await.status, 404);
    }
}
