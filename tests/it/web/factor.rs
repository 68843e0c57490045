//! `/login/factor`: the second factor after the password.

use std::time::Duration;

use futures_util::future::join_all;
use tenantry::domain::technician::Role;
use tenantry::domain::technician::factor::FactorKind;
use tenantry::keeper::message::{Refusal, Reply};

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::factors::{early_in_a_step, proofs};

const EMAIL: &str = "robin@msp.example";
const PASSWORD: &str = "correct horse battery";
const PAGE: &str = "/login/factor";
const RECOVERY: &str = "/login/factor/recovery";

async fn portal() -> TestApp {
    let app = TestApp::start().await;
    app.technician_with_password(EMAIL, PASSWORD, Role::Owner)
        .await;
    app
}

async fn is_signed_in(browser: &Browser) -> bool {
    browser.get("/tenants/nobody").await.status == 404
}

#[tokio::test]
async fn a_code_of_now_or_of_the_step_before_signs_in_once() {
    let app = portal().await;
    early_in_a_step().await;
    let (phone, _) = app.phone_of(EMAIL).await;
    let browser = app.halfway(EMAIL, PASSWORD).await;
    let page = browser.get(PAGE).await;
    assert!(page.text().contains("Signing in as robin@msp.example"));
    assert!(!page.has("form[data-passkey]"), "none is enrolled");
    for wrong in [
        "",
        "000000x",
        "12345",
        "１２３４５６",
        &phone.code(2),
        &phone.code(-2),
        &phone.code(1),
    ] {
        let page = browser
            .submit(&page, "form#app-code", &[("code", wrong)])
            .await;
        assert!(
            [422, 429].contains(&page.status),
            "{wrong}: {}",
            page.status
        );
        assert!(!is_signed_in(&browser).await, "{wrong}");
        app.advance(Duration::from_mins(1));
    }
    let spaced = phone.code(0);
    let (left, right) = spaced.split_at(3);
    app.advance(Duration::from_mins(3));
    let page = browser
        .post(PAGE, &[("code", &format!("{left} {right}"))])
        .await;
    assert_eq!(page.location.as_deref(), Some("/"), "{}", page.text());
    assert!(is_signed_in(&browser).await);
    let again = app.halfway(EMAIL, PASSWORD).await;
    let page = again.post(PAGE, &[("code", &spaced)]).await;
    assert_eq!(page.status, 422, "used up");
    assert!(page.text_of("#problem").contains("good once"));
}

#[tokio::test]
async fn of_fifty_who_post_one_code_at_once_one_gets_in() {
    let app = portal().await;
    early_in_a_step().await;
    let (phone, _) = app.phone_of(EMAIL).await;
    let code = phone.code(0);
    let fields = [("code", code.as_str())];
    let mut browsers = Vec::new();
    for _ in 0..5 {
        browsers.push(app.halfway(EMAIL, PASSWORD).await);
    }
    let posts = (0..50).map(|n| browsers[n % 5].post(PAGE, &fields));
    let pages = join_all(posts).await;
    let statuses: Vec<u16> = pages.iter().map(|page| page.status).collect();
    let accepted = statuses.iter().filter(|status| **status == 303).count();
    // The four others of the accepted browser may come after it and be led on, but nobody else is.
    assert_eq!(
        proofs(&app, FactorKind::Totp, "done").await,
        1,
        "{statuses:?}"
    );
    assert!(
        accepted >= 1 && statuses.iter().all(|s| matches!(s, 303 | 422 | 429)),
        "{statuses:?}"
    );
    let mut signed_in = 0;
    for browser in &browsers {
        signed_in += usize::from(is_signed_in(browser).await);
    }
    assert!(signed_in <= 1, "{signed_in}");
}

#[tokio::test]
async fn of_twenty_who_post_one_recovery_code_at_once_one_gets_in() {
    let app = portal().await;
    let (_, codes) = app.phone_of(EMAIL).await;
    let mut browsers = Vec::new();
    for _ in 0..5 {
        browsers.push(app.halfway(EMAIL, PASSWORD).await);
    }
    let fields = [("recovery", codes[3].expose())];
    let posts = (0..20).map(|n| browsers[n % 5].post(RECOVERY, &fields));
    join_all(posts).await;
    assert_eq!(proofs(&app, FactorKind::Recovery, "done").await, 1);
    let left: i64 = sqlx::query_scalar("select count(*) from recovery_codes where used_at is null")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(left, 9);
}

#[tokio::test]
async fn a_recovery_code_signs_in_however_it_is_typed_and_says_how_many_are_left() {
    let app = portal().await;
    let (_, codes) = app.phone_of(EMAIL).await;
    let browser = app.halfway(EMAIL, PASSWORD).await;
    let page = browser.get(PAGE).await;
    let typed = format!(" {} ", codes[0].expose().to_uppercase().replace('-', " "));
    let done = browser
        .submit(&page, "form#recovery-code", &[("recovery", &typed)])
        .await;
    assert_eq!(done.location.as_deref(), Some("/"), "{}", done.text());
    let page = browser.get("/tenants").await;
    assert!(page.text_of("[role=status]").contains("9 are left"));
    let other = app.halfway(EMAIL, PASSWORD).await;
    let refused = other.post(RECOVERY, &[("recovery", &typed)]).await;
    assert!(refused.text().contains("none of your recovery codes"));
    assert_eq!(refused.status, 422, "each once");
    let stored: i64 = sqlx::query_scalar(
        "select count(*) from recovery_codes c where c::text like '%' || $1 || '%'",
    )
    .bind(codes[1].expose().replace('-', ""))
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(stored, 0, "a copy of the table is no code");
}

#[tokio::test]
async fn who_knows_the_password_cannot_guess_codes_for_ever() {
    let app = portal().await;
    app.phone_of(EMAIL).await;
    let mut looked_at = 0;
    // A fresh password each time makes nothing free again.
    for _ in 0..12 {
        let browser = app.browser();
        let login = [("email", EMAIL), ("password", PASSWORD)];
        if browser.post("/login", &login).await.status != 303 {
            continue;
        }
        let page = browser.post(PAGE, &[("code", "000000")]).await;
        looked_at += usize::from(page.status == 422);
    }
    assert!(looked_at <= 5, "{looked_at}");
    let browser = app.browser();
    let login = [("email", EMAIL), ("password", PASSWORD)];
    assert_eq!(browser.post("/login", &login).await.status, 429);
}

#[tokio::test]
async fn a_keeper_that_is_away_is_said_and_counts_as_no_failure() {
    let app = portal().await;
    let (phone, codes) = app.phone_of(EMAIL).await;
    let browser = app.halfway(EMAIL, PASSWORD).await;
    for _ in 0..8 {
        app.keeper
            .answer_next("totp", Reply::Refused(Refusal::Busy));
        let page = browser.post(PAGE, &[("code", &phone.code(0))]).await;
        assert_eq!(page.status, 503);
        assert!(!page.body.contains(&phone.code(0)), "no code comes back");
    }
    let page = browser
        .post(RECOVERY, &[("recovery", codes[0].expose())])
        .await;
    assert_eq!(page.status, 303, "recovery codes need no keeper");
}

#[tokio::test]
async fn what_is_half_done_ends_by_itself() {
    let app = portal().await;
    let (_, codes) = app.phone_of(EMAIL).await;
    let browser = app.halfway(EMAIL, PASSWORD).await;
    app.advance(Duration::from_mins(21));
    let page = browser
        .post(RECOVERY, &[("recovery", codes[0].expose())])
        .await;
    assert_eq!(page.location.as_deref(), Some("/login"));
    assert_eq!(proofs(&app, FactorKind::Recovery, "done").await, 0);
}

#[tokio::test]
async fn everybody_together_is_made_slower_and_nobody_is_refused() {
    let app = portal().await;
    let quarter = app.clock.now().unix_timestamp() / 900;
    sqlx::query(
        "insert into login_failures (subject, failures, last_failed_at) values ($1, 301, $2)",
    )
    .bind(format!("everybody:{quarter}"))
    .bind(app.clock.now())
    .execute(&app.pool)
    .await
    .unwrap();
    let begun = app.clock.now();
    app.halfway(EMAIL, PASSWORD).await;
    assert!(app.clock.now() - begun >= time::Duration::seconds(2));
}
