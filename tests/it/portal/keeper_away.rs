//! The keeper is away: pages still show how things stand, and what needs it says so, keeps what was typed and offers again.

use tenantry::domain::technician::Role;
use tenantry::keeper::Client;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::Fleet;
use crate::support::page::Page;

const SENTENCE: &str = "The keeper is not answering. Nothing was changed; try again in a minute.";
const SETTINGS: &str = "/tenants/alder/configuration/m365";

async fn stage() -> (TestApp, Browser) {
    let app = TestApp::start_with(|app| {
        app.keeper = Client::socket("/nonexistent/keeper.sock".into());
    })
    .await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    fleet.connection(tenant, "active").await;
    let browser = app.login(Role::Owner).await;
    (app, browser)
}

#[track_caller]
fn says_so(page: &Page) {
    assert_eq!(page.status, 503, "{}", page.body);
    assert_eq!(page.headers["retry-after"], "60");
    assert!(page.body.contains(SENTENCE), "{}", page.body);
}

#[tokio::test]
async fn every_page_still_shows_how_things_stand() {
    let (_app, browser) = stage().await;
    for path in [
        "/security/authentication-status",
        "/security/app-registration",
        "/tenants",
        "/monitoring/msal-errors",
        "/monitoring/customer/pending-invitations",
        "/tenants/alder",
        SETTINGS,
        "/tenants/alder/invitations",
        "/tenants/alder/invitations/new",
        "/tenants/alder/msal-errors",
    ] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn validation_says_so_on_its_own_page_with_the_button_to_try_again() {
    let (app, browser) = stage().await;
    let page = browser.post(&format!("{SETTINGS}/validation"), &[]).await;
    says_so(&page);
    assert!(page.body.contains("Validate Authentication"));
    assert!(page.body.contains("Microsoft 365 Settings"));
    let written = app.audit().await;
    let validated = written.iter().any(|entry| entry.contains("validated"));
    assert!(!validated, "nothing was changed: {written:?}");
}

#[tokio::test]
async fn the_invitation_dialog_keeps_what_was_typed() {
    let (app, browser) = stage().await;
    let typed = [
        ("from", "m365"),
        ("invitation_email", "it@alder.example"),
        ("admin_username", "admin@alder.example"),
        ("method", "auth_code"),
        ("validity_hours", "24"),
    ];
    let page = browser.post("/tenants/alder/invitations", &typed).await;
    says_so(&page);
    let form = page.form("form[action='/tenants/alder/invitations']");
    for (name, value) in typed {
        assert!(
            form.values.contains(&(name.to_owned(), value.to_owned())),
            "{name}: {:?}",
            form.values
        );
    }
    let made: i64 = sqlx::query_scalar("select count(*) from invitations")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(made, 0);
}

#[tokio::test]
async fn anything_else_is_offered_again_as_it_was_sent() {
    let (_app, browser) = stage().await;
    let typed = [
        ("client_id", "7f1f4e0e-7d0c-4f5e-9a53-3b2f6c9d1a10"),
        ("display_name", "Harbourline <Tenantry>"),
        ("entra_tenant_id", ""),
    ];
    let page = browser.post("/security/app-registration", &typed).await;
    says_so(&page);
    let form = page.form("form[action='/security/app-registration']");
    let typed: Vec<_> = typed
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    assert_eq!(form.values, typed);
}

#[tokio::test]
async fn a_secret_is_not_given_back() {
    let (_app, browser) = stage().await;
    let page = browser
        .post(
            "/security/app-registration/secrets",
            &[
                ("secret", "abc8Q~a-secret-value-of-40-characters-000"),
                ("not_after", "2027-06-01"),
            ],
        )
        .await;
    assert!(!page.body.contains("abc8Q"), "{}", page.body);
}

#[tokio::test]
async fn without_a_keeper_a_portal_is_not_ready() {
    let (app, _browser) = stage().await;
    let request = axum::http::Request::get("/ready")
        .body(axum::body::Body::empty())
        .unwrap();
    let router =
        tenantry::web::ops::router(app.app.clone(), tokio_util::sync::CancellationToken::new());
    let answer = tower::ServiceExt::oneshot(router, request).await.unwrap();
    assert_eq!(answer.status(), 503);
}
