//! The PIN told by telephone: shown once, asked for before anything of the tenant, five wrong ones end the invitation.

use std::net::IpAddr;
use std::sync::Arc;

use futures_util::future::join_all;
use reqwest::Method;
use tenantry::domain::technician::Role;

use super::stage::Stage;
use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::page::Page;

/// An invitation with a PIN: the page that showed it, the link's path, the PIN.
async fn invite(stage: &Stage) -> (Page, String, String) {
    let dialog = stage
        .technician
        .get("/tenants/contoso/invitations/new?from=status")
        .await;
    let fields = [
        ("admin_username", "admin@contoso.example"),
        ("ask_pin", "yes"),
    ];
    let made = stage
        .technician
        .submit(&dialog, "dialog form.stack", &fields)
        .await;
    assert_eq!(made.status, 200, "{}", made.text());
    let link = path(stage, &made);
    let pin = made.text_of("#pin");
    (made, link, pin)
}

fn path(stage: &Stage, page: &Page) -> String {
    let url = page.attributes("#auth-url", "value").remove(0);
    let base = stage.app.app.site.base_url.as_str();
    format!("/{}", url.strip_prefix(base).unwrap())
}

/// A browser that opened the link and pressed "Continue".
async fn opened(stage: &Stage, link: &str) -> Browser {
    let browser = stage.app.browser();
    let moved = browser.post(link, &[]).await;
    assert_eq!(moved.location.as_deref(), Some("/onboarding"));
    browser
}

fn other_than(pin: &str, number: u32) -> String {
    let digits: u32 = pin.replace(' ', "").parse().unwrap();
    format!("{:08}", (digits + 1 + number) % 100_000_000)
}

#[tokio::test]
async fn the_technician_sees_the_pin_once_and_nothing_keeps_it() {
    let stage = Stage::set().await;
    let (made, link, pin) = invite(&stage).await;
    assert_eq!(made.header("cache-control"), "no-store");
    assert_eq!(pin.len(), 9, "{pin}");
    let id: uuid::Uuid = sqlx::query_scalar("select id from invitations")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    let again = stage
        .technician
        .get(&format!("/tenants/contoso/invitations/{id}/auth-url"))
        .await;
    assert_eq!(path(&stage, &again), link);
    assert!(!again.has("#pin"));
    assert!(again.text().contains("cannot be shown again"));
    let tables: Vec<String> = sqlx::query_scalar(
        "select quote_ident(relname) from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace",
    )
    .fetch_all(&stage.app.pool)
    .await
    .unwrap();
    let digits = pin.replace(' ', "");
    for table in tables {
        let sql = format!("select coalesce(string_agg(t::text, ' '), '') from {table} t");
        let text: String = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(&stage.app.pool)
            .await
            .unwrap();
        for secret in [&digits, &pin] {
            assert!(!text.contains(secret), "{table}");
            assert!(!text.contains(&hex::encode(secret)), "{table}");
        }
    }
    assert_eq!(
        stage
            .count("select count(*) from invitations where pin_hash like '$argon2id$v=19$m=65536,t=3,p=1$%'")
            .await,
        1
    );
    assert_eq!(
        stage.app.audit().await,
        [
            "customer_portal.entered done",
            "invitation.created done",
            "invitation.link_shown done",
            "invitation.link_shown done"
        ]
    );
}

#[tokio::test]
async fn before_the_pin_nothing_of_the_tenant_is_shown_and_after_it_all() {
    let stage = Stage::set().await;
    let (_, link, pin) = invite(&stage).await;
    let browser = opened(&stage, &link).await;
    let asked = browser.get("/onboarding").await;
    let reference: String = sqlx::query_scalar("select lower(reference) from invitations")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    for page in [stage.app.browser().get(&link).await, asked] {
        assert_eq!(page.status, 200);
        let body = page.body.to_lowercase();
        for word in ["contoso", "robin", "microsoft graph", &reference, &pin] {
            assert!(!body.contains(word), "{word} is told in {}", page.text());
        }
    }
    let page = browser.get("/onboarding").await;
    let told = browser
        .submit(&page, "form[action='/onboarding/pin']", &[("pin", &pin)])
        .await;
    let cookie = told.header("set-cookie").to_owned();
    for part in ["pin=", "HttpOnly", "SameSite=Lax", "Max-Age=1800", "Path=/"] {
        assert!(cookie.contains(part), "{part} is missing in {cookie}");
    }
    let page = browser.follow(told).await;
    assert!(page.text().contains("contoso Ltd"));
    assert!(page.has("form[action='/onboarding/start']"));
    let other = opened(&stage, &link).await;
    assert!(!other.get("/onboarding").await.body.contains("contoso"));
}

#[tokio::test]
async fn without_the_pin_no_button_does_anything() {
    let stage = Stage::set().await;
    let (_, link, pin) = invite(&stage).await;
    // Somebody's pass for another invitation opens that one alone.
    let (_, other_link, other_pin) = invite(&stage).await;
    let other = opened(&stage, &other_link).await;
    other.post("/onboarding/pin", &[("pin", &other_pin)]).await;
    let pass = other.cookie("pin").unwrap();
    let asked = stage.app.keeper.asked().len();
    for pin_cookie in [None, Some(pass.as_str()), Some("AAAA"), Some("")] {
        let browser = opened(&stage, &link).await;
        if let Some(value) = pin_cookie {
            browser.set_cookie("pin", value);
        }
        for action in ["start", "again", "here", "trip", "look"] {
            let answer = browser
                .post(
                    &format!("/onboarding/{action}"),
                    &[("method", "device_code")],
                )
                .await;
            assert_eq!(answer.status, 404, "{action} with {pin_cookie:?}");
        }
        let page = browser.get("/onboarding").await;
        assert!(page.has("form[action='/onboarding/pin']"), "{pin_cookie:?}");
    }
    assert_eq!(stage.app.keeper.asked().len(), asked);
    assert_eq!(
        stage.count("select count(*) from onboarding_flows").await,
        0
    );
    let browser = opened(&stage, &link).await;
    browser.post("/onboarding/pin", &[("pin", &pin)]).await;
    let started = browser
        .post("/onboarding/start", &[("method", "device_code")])
        .await;
    assert_eq!(started.status, 303);
    // The attempt goes on in its own browser, whoever tells the PIN next.
    let second = opened(&stage, &link).await;
    second.post("/onboarding/pin", &[("pin", &pin)]).await;
    stage.show_code().await;
    assert_eq!(
        browser.get("/onboarding").await.text_of(".usercode"),
        "B6SUYU5PL"
    );
    assert!(
        second
            .get("/onboarding")
            .await
            .text()
            .contains("Opened elsewhere")
    );
}

#[tokio::test]
async fn what_is_no_pin_costs_no_try_and_is_not_shown_again() {
    let stage = Stage::set().await;
    let (_, link, pin) = invite(&stage).await;
    let browser = opened(&stage, &link).await;
    for typed in [
        "",
        "1234567",
        "123456789",
        "1234567x",
        "１２３４５６７８",
        "\0",
    ] {
        let page = browser.post("/onboarding/pin", &[("pin", typed)]).await;
        assert_eq!(page.status, 422, "{typed:?}");
        assert_eq!(
            page.field_error("pin"),
            "Type the eight digits that your contact told you."
        );
        assert_eq!(page.value("pin"), "");
    }
    assert_eq!(
        stage
            .count("select pin_tries::bigint from invitations")
            .await,
        0
    );
    let with_hyphen = pin.replace(' ', "-");
    let told = browser
        .post("/onboarding/pin", &[("pin", &with_hyphen)])
        .await;
    assert_eq!(told.location.as_deref(), Some("/onboarding"));
}

#[tokio::test]
async fn five_wrong_pins_end_the_invitation_and_the_right_one_comes_too_late() {
    let stage = Stage::set().await;
    let (_, link, pin) = invite(&stage).await;
    let browser = opened(&stage, &link).await;
    let wrong = other_than(&pin, 0);
    for left in ["4 tries are", "3 tries are", "2 tries are", "1 try is"] {
        let page = browser.post("/onboarding/pin", &[("pin", &wrong)]).await;
        assert_eq!(page.status, 422);
        let error = page.field_error("pin");
        assert!(error.contains(&format!("{left} left")), "{error}");
        assert!(!page.body.contains(&wrong), "what was typed is not echoed");
    }
    let unknown = format!("/onboarding/inv_{}", "A".repeat(43));
    let unknown = super::link::plain(&stage.app.browser().get(&unknown).await);
    let fifth = browser.post("/onboarding/pin", &[("pin", &wrong)]).await;
    assert_eq!(super::link::plain(&fifth), unknown);
    let late = browser.post("/onboarding/pin", &[("pin", &pin)]).await;
    assert_eq!(super::link::plain(&browser.follow(late).await), unknown);
    assert_eq!(super::link::plain(&browser.get(&link).await), unknown);
    let audit = stage.app.audit().await;
    let refused = audit
        .iter()
        .filter(|line| *line == "invitation.pin_refused denied");
    assert_eq!(refused.count(), 5);
    assert_eq!(audit.last().unwrap(), "invitation.revoked done");
}

#[tokio::test]
async fn a_right_pin_takes_back_its_own_try_and_no_other() {
    let stage = Stage::set().await;
    let (_, link, pin) = invite(&stage).await;
    let tries = async || {
        stage
            .count("select pin_tries::bigint from invitations")
            .await
    };
    for wrong in 1..=4 {
        let guesser = opened(&stage, &link).await;
        let guess = other_than(&pin, 7);
        guesser.post("/onboarding/pin", &[("pin", &guess)]).await;
        assert_eq!(tries().await, wrong);
        let owner = opened(&stage, &link).await;
        let told = owner.post("/onboarding/pin", &[("pin", &pin)]).await;
        assert_eq!(told.status, 303);
        assert_eq!(tries().await, wrong, "telling it right resets nothing");
    }
    let guesser = opened(&stage, &link).await;
    let last = guesser
        .post("/onboarding/pin", &[("pin", &other_than(&pin, 8))])
        .await;
    assert_eq!(last.status, 404);
}

#[tokio::test]
async fn fifty_guesses_at_once_are_five() {
    let stage = Stage::behind_proxy().await;
    let (_, link, pin) = invite(&stage).await;
    let guesses = (0..50_u8).map(|number| {
        let (stage, link, guess) = (&stage, &link, other_than(&pin, u32::from(number)));
        async move {
            let browser = opened(stage, link).await;
            // Each from an address of its own: no address is slowed down.
            let from = IpAddr::from([198, 51, 100, number]);
            let request = browser
                .request(Method::POST, "/onboarding/pin")
                .header("sec-fetch-site", "same-origin")
                .header("x-forwarded-for", from.to_string())
                .form(&[("pin", &guess)]);
            browser.send(request).await.status
        }
    });
    let mut statuses = join_all(guesses).await;
    statuses.sort_unstable();
    assert_eq!(statuses[..46], [404; 46]);
    assert_eq!(statuses[46..], [422; 4]);
    let looked_at = "select count(*) from audit_events where action = 'invitation.pin_refused'";
    assert_eq!(stage.count(looked_at).await, 5);
    let dead = "select count(*) from invitations where state = 'revoked' and pin_pass_hash is null";
    assert_eq!(stage.count(dead).await, 1);
}

#[tokio::test]
async fn a_new_link_has_a_new_pin_and_the_setting_ticks_the_box() {
    let app = TestApp::start_with(|app| {
        let mut site = (*app.site).clone();
        site.ask_pin = true;
        app.site = Arc::new(site);
    })
    .await;
    let technician = app.login(Role::Technician).await;
    crate::support::tenant::add(&app.pool, "contoso").await;
    let stage = Stage { app, technician };
    let dialog = stage
        .technician
        .get("/tenants/contoso/invitations/new?from=m365")
        .await;
    assert!(dialog.has("input[name='ask_pin'][checked]"));
    let made = stage
        .technician
        .submit(&dialog, "dialog form.stack", &[])
        .await;
    let (link, pin) = (path(&stage, &made), made.text_of("#pin"));
    let list = stage.technician.get("/tenants/contoso/invitations").await;
    let replaced = stage
        .technician
        .submit(&list, "form[action$='/replacement']", &[])
        .await;
    assert_eq!(replaced.status, 200);
    assert_ne!(replaced.text_of("#pin"), pin);
    assert_ne!(path(&stage, &replaced), link);
    let unticked = stage
        .technician
        .post(
            "/tenants/contoso/invitations",
            &[
                ("admin_username", "admin@contoso.example"),
                ("method", "device_code"),
                ("validity_hours", "24"),
            ],
        )
        .await;
    assert_eq!(unticked.status, 303, "without the tick there is no PIN");
}
