//! `/login/enrol`: a first factor before anything else.

use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::factors::{Phone, early_in_a_step};

const EMAIL: &str = "robin@msp.example";
const PASSWORD: &str = "correct horse battery";

async fn portal(role: Role) -> TestApp {
    let app = TestApp::start().await;
    app.technician_with_password(EMAIL, PASSWORD, role).await;
    app
}

/// The app that the page sets up.
async fn setup(browser: &Browser) -> Phone {
    let page = browser.get("/login/enrol").await;
    let begun = browser.submit(&page, "form#use-app", &[]).await;
    let page = browser.follow(begun).await;
    assert!(page.has("svg.qr path"), "{}", page.text());
    let seed = page.text_of("#seed").replace(' ', "");
    let link = page.attributes("a[href^='otpauth:']", "href").remove(0);
    assert!(link.contains(&format!("secret={seed}")) && link.contains("robin@msp.example"));
    Phone { seed }
}

#[tokio::test]
async fn an_authenticator_app_then_the_codes_then_the_portal() {
    let app = portal(Role::Technician).await;
    early_in_a_step().await;
    let browser = app.browser();
    let form = browser.get("/tenants/contoso").await;
    let form = browser.follow(form).await;
    let login = [("email", EMAIL), ("password", PASSWORD)];
    let page = browser.submit(&form, "form#sign-in", &login).await;
    let page = browser.follow(page).await;
    assert_eq!(page.text_of("h1"), "Set up a second factor");
    let phone = setup(&browser).await;

    let refused = browser
        .post("/login/enrol/app/code", &[("code", "12345")])
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.field_error("code").contains("not the code"));
    assert_eq!(
        refused.text_of("#seed").replace(' ', ""),
        phone.seed,
        "the same picture stays"
    );
    let mut shown = phone.code(0);
    shown.insert(3, ' ');
    let codes = browser
        .post("/login/enrol/app/code", &[("code", &shown)])
        .await;
    assert_eq!(codes.text_of("h1"), "Recovery codes", "as the app shows it");
    let listed = codes.texts("#codes li");
    assert_eq!(listed.len(), 10);
    let file = codes.attributes("a[download]", "href").remove(0);
    assert!(file.contains(&listed[9]));
    assert_eq!(
        browser.get("/tenants/contoso").await.location.as_deref(),
        Some("/login/factor"),
        "not before the codes are kept"
    );
    let led = browser.open("/tenants/contoso").await;
    assert!(led.has("form#make-codes"), "shown once: new ones are made");

    let done = browser.submit(&codes, "form#codes-kept", &[]).await;
    assert_eq!(done.location.as_deref(), Some("/tenants/contoso"));
    assert_eq!(
        browser.get("/tenants/contoso").await.status,
        404,
        "signed in"
    );
    assert_eq!(
        app.audit().await[2..],
        [
            "factor.begun done",
            "factor.added done",
            "recovery_codes.made done",
            "recovery_codes.kept done",
            "technician.signed_in done"
        ]
    );
}

#[tokio::test]
async fn the_seed_is_on_no_later_page_and_not_in_the_clear_in_the_table() {
    let app = portal(Role::Technician).await;
    let browser = app.halfway(EMAIL, PASSWORD).await;
    let phone = setup(&browser).await;
    let found: i64 = sqlx::query_scalar(
        "select count(*) from technician_factors f where f::text like '%' || $1 || '%'",
    )
    .bind(&phone.seed)
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(found, 0);
    let refused = sqlx::query("select seed_ct from technician_factors")
        .fetch_all(&app.app.pool)
        .await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("permission denied")
    );
    browser
        .post("/login/enrol/app/code", &[("code", &phone.code(0))])
        .await;
    let page = browser.get("/login/enrol/app").await;
    assert_ne!(page.status, 200);
    assert!(!page.body.contains(&phone.seed));
}

#[tokio::test]
async fn a_password_alone_adds_nothing_to_who_has_a_factor() {
    let app = portal(Role::Technician).await;
    // Begun while there was none, and finished when there is one.
    let thief = app.halfway(EMAIL, PASSWORD).await;
    let planted = setup(&thief).await;
    app.phone_of(EMAIL).await;
    let page = thief
        .post("/login/enrol/app/code", &[("code", &planted.code(0))])
        .await;
    assert_eq!(page.location.as_deref(), Some("/login/factor"));
    for path in [
        "/login/enrol/app",
        "/login/enrol/codes",
        "/login/enrol/done",
    ] {
        let page = thief.post(path, &[]).await;
        assert_eq!(page.location.as_deref(), Some("/login/factor"), "{path}");
    }
    assert_eq!(
        thief.post("/login/enrol/passkey/options", &[]).await.status,
        404
    );
    let factors: i64 = sqlx::query_scalar("select count(*) from technician_factors")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(factors, 1);
}

#[tokio::test]
async fn nobody_keeps_codes_that_were_not_made() {
    let app = portal(Role::Technician).await;
    let (phone, _) = app.phone_of(EMAIL).await;
    sqlx::query("delete from recovery_codes")
        .execute(&app.pool)
        .await
        .unwrap();
    sqlx::query("update technicians set recovery_codes_at = null")
        .execute(&app.pool)
        .await
        .unwrap();
    let browser = app.halfway(EMAIL, PASSWORD).await;
    app.next_step().await;
    let page = browser
        .post("/login/factor", &[("code", &phone.code(0))])
        .await;
    assert_eq!(page.location.as_deref(), Some("/login/enrol"));
    let page = browser.post("/login/enrol/done", &[]).await;
    assert_eq!(page.location.as_deref(), Some("/login/enrol"));
    let made = browser.post("/login/enrol/codes", &[]).await;
    let done = browser.submit(&made, "form#codes-kept", &[]).await;
    assert_eq!(done.location.as_deref(), Some("/"));
}

#[tokio::test]
async fn nobody_enrols_without_the_password() {
    let app = portal(Role::Technician).await;
    let nobody = app.browser();
    for path in ["/login/enrol", "/login/enrol/app"] {
        assert_eq!(
            nobody.get(path).await.location.as_deref(),
            Some("/login"),
            "{path}"
        );
        assert_eq!(
            nobody
                .post("/login/enrol/app", &[])
                .await
                .location
                .as_deref(),
            Some("/login")
        );
    }
}
