//! `/login/link/{token}`: the one-time link that sets a password.

use std::time::Duration;

use tenantry::domain::op::{Actor, Op};
use tenantry::domain::technician::{self, LoginName, NewTechnician, Role};

use crate::support::app::TestApp;

const EMAIL: &str = "robin@msp.example";
const PASSWORD: &str = "correct horse battery";
const FORM: &str = "form#set-password";

async fn op(app: &TestApp) -> Op {
    Op::begin(&app.app.pool, &app.clock, Actor::Command("technician"))
        .await
        .unwrap()
}

/// A fresh technician's link.
async fn invited(app: &TestApp) -> String {
    let mut op = op(app).await;
    let new = NewTechnician {
        email: LoginName::parse(EMAIL).unwrap(),
        display_name: "Robin Marlow".into(),
        role: Role::Owner,
    };
    let (_, link) = technician::add(&mut op, &new).await.unwrap();
    op.commit().await.unwrap();
    format!("/login/link/{}", link.expose())
}

async fn reset(app: &TestApp) -> String {
    let mut op = op(app).await;
    let (_, link) = technician::reset(&mut op, &LoginName::parse(EMAIL).unwrap())
        .await
        .unwrap();
    op.commit().await.unwrap();
    format!("/login/link/{}", link.expose())
}

#[tokio::test]
async fn it_sets_the_password_once() {
    let app = TestApp::start().await;
    let link = invited(&app).await;
    let browser = app.browser();
    for _ in 0..3 {
        let page = browser.get(&link).await;
        assert_eq!(page.status, 200, "looking uses nothing up");
        assert!(page.text().contains("Robin Marlow"));
    }
    let form = browser.get(&link).await;
    let typed = [("password", PASSWORD), ("repeated", PASSWORD)];
    let set = browser.submit(&form, FORM, &typed).await;
    assert_eq!((set.status, set.location.as_deref()), (303, Some("/login")));
    let login = browser.follow(set).await;
    assert!(
        login
            .text_of("[role=status]")
            .contains("Your password is set")
    );
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let page = browser.submit(&login, "form#sign-in", &fields).await;
    assert_eq!(
        page.location.as_deref(),
        Some("/login/factor"),
        "the link skips no second factor"
    );

    assert_eq!(browser.get(&link).await.status, 410);
    assert_eq!(browser.post(&link, &typed).await.status, 410);
    assert_eq!(
        app.audit().await,
        [
            "technician.added done",
            "technician.password_set done",
            "technician.password_proved done"
        ]
    );
}

#[tokio::test]
async fn a_bad_password_is_refused_in_words_and_the_link_stays() {
    let app = TestApp::start().await;
    let link = invited(&app).await;
    let browser = app.browser();
    let long = "x7".repeat(65);
    for (password, repeated, field, words) in [
        ("", "", "password", "at least 15 characters"),
        (
            "fourteen chars",
            "fourteen chars",
            "password",
            "at least 15 characters",
        ),
        (long.as_str(), long.as_str(), "password", "at most 128"),
        (
            "aaaaaaaaaaaaaaaaaaaa",
            "aaaaaaaaaaaaaaaaaaaa",
            "password",
            "more different",
        ),
        (
            "harbourline is great",
            "harbourline is great",
            "password",
            "Leave out “harbourline”",
        ),
        (
            "robin likes security",
            "robin likes security",
            "password",
            "Leave out “robin”",
        ),
        (
            PASSWORD,
            "correct horse batterie",
            "repeated",
            "not the same",
        ),
    ] {
        let form = browser.get(&link).await;
        let page = browser
            .submit(
                &form,
                FORM,
                &[("password", password), ("repeated", repeated)],
            )
            .await;
        assert_eq!(page.status, 422, "{password}");
        assert!(
            page.field_error(field).contains(words),
            "{password}: {}",
            page.field_error(field)
        );
        assert!(
            password.is_empty() || !page.body.contains(&format!("\"{password}\"")),
            "no password comes back"
        );
    }
    assert_eq!(browser.get(&link).await.status, 200);
}

#[tokio::test]
async fn expired_tampered_and_replaced_links_give_the_same_page() {
    let app = TestApp::start().await;
    let replaced = invited(&app).await;
    let expired = reset(&app).await;
    app.advance(Duration::from_mins(30));
    let (last, other) = if expired.ends_with('A') {
        ("A", "E")
    } else {
        (&expired[expired.len() - 1..], "A")
    };
    let tampered = format!("{}{other}", expired.strip_suffix(last).unwrap());
    let unknown = format!("/login/link/{}", "A".repeat(43));
    let browser = app.browser();
    let mut texts = Vec::new();
    for link in [
        &replaced,
        &expired,
        &tampered,
        &expired[..30].to_owned(),
        &unknown,
        &"/login/link/%00".to_owned(),
    ] {
        let page = browser.get(link).await;
        assert_eq!(page.status, 410, "{link}");
        texts.push(page.text());
        let typed = [("password", PASSWORD), ("repeated", PASSWORD)];
        assert_eq!(browser.post(link, &typed).await.status, 410, "{link}");
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].contains("no longer valid"));
}

#[tokio::test]
async fn of_two_browsers_one_sets_the_password() {
    let app = TestApp::start().await;
    let link = invited(&app).await;
    let (one, other) = (app.browser(), app.browser());
    let first = [
        ("password", "the first one to arrive"),
        ("repeated", "the first one to arrive"),
    ];
    let second = [
        ("password", "the second one to arrive"),
        ("repeated", "the second one to arrive"),
    ];
    let (one, other) = tokio::join!(one.post(&link, &first), other.post(&link, &second));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 410]);
}

#[tokio::test]
async fn a_reset_ends_logins_and_forgets_the_password() {
    let app = TestApp::start().await;
    app.technician_with_password(EMAIL, PASSWORD, Role::Owner)
        .await;
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let browser = app.browser();
    assert_eq!(browser.post("/login", &fields).await.status, 303);
    let link = reset(&app).await;
    assert_eq!(
        browser.get("/tenants/nobody").await.status,
        303,
        "signed out"
    );
    assert_eq!(
        browser.post("/login", &fields).await.status,
        422,
        "the old password is gone"
    );
    let new = "another horse battery";
    let set = browser
        .post(&link, &[("password", new), ("repeated", new)])
        .await;
    assert_eq!(set.status, 303);
    assert_eq!(
        browser
            .post("/login", &[("email", EMAIL), ("password", new)])
            .await
            .status,
        303
    );
}

#[tokio::test]
async fn the_last_owner_cannot_be_disabled_and_a_disabled_ones_link_is_dead() {
    let app = TestApp::start().await;
    let link = invited(&app).await;
    let mut op = op(&app).await;
    let name = LoginName::parse(EMAIL).unwrap();
    let error = technician::disable(&mut op, &name).await.unwrap_err();
    assert!(error.to_string().contains("last active owner"), "{error}");
    drop(op);
    app.technician("second@msp.example", Role::Owner).await;
    let mut op = self::op(&app).await;
    technician::disable(&mut op, &name).await.unwrap();
    assert!(
        technician::reset(&mut op, &name).await.is_err(),
        "a disabled one gets no link"
    );
    op.commit().await.unwrap();
    assert_eq!(app.browser().get(&link).await.status, 410);
}
