//! "Your profile": one's own factors, sessions and password.

use std::time::Duration;

use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::factors::{Phone, early_in_a_step};

const EMAIL: &str = "robin@msp.example";
const PASSWORD: &str = "correct horse battery";
const NEXT: &str = "another long sentence";
const PAGE: &str = "/profile";

async fn stage(role: Role) -> (TestApp, Browser, Phone) {
    let app = TestApp::start().await;
    app.technician_with_password(EMAIL, PASSWORD, role).await;
    let (phone, _) = app.phone_of(EMAIL).await;
    let id = app.find(EMAIL).await.id;
    let browser = app.browser_of(id).await;
    (app, browser, phone)
}

async fn is_signed_in(browser: &Browser) -> bool {
    browser.get("/tenants").await.status == 200
}

#[tokio::test]
async fn everybody_has_one_whatever_their_role() {
    for role in Role::ALL {
        let (_app, browser, _) = stage(role).await;
        assert!(browser.get("/tenants").await.has("a[href='/profile']"));
        let page = browser.get(PAGE).await;
        assert!(page.text().contains("Authenticator app"), "{}", page.text());
        assert!(page.text().contains("10 of 10 are left"));
        assert!(page.text().contains("Your only factor"));
        let codes = browser.submit(&page, "form#make-codes", &[]).await;
        assert_eq!(codes.texts("#codes li").len(), 10, "{role}");
        let kept = browser.submit(&codes, "form#codes-kept", &[]).await;
        assert_eq!(kept.location.as_deref(), Some(PAGE));
    }
}

#[tokio::test]
async fn a_second_app_is_added_renamed_and_removed_and_the_last_one_stays() {
    let (app, browser, _) = stage(Role::Viewer).await;
    early_in_a_step().await;
    let elsewhere = app.browser_of(app.find(EMAIL).await.id).await;
    let page = browser.get(PAGE).await;
    let begun = browser.submit(&page, "form#add-app", &[]).await;
    let setup = browser.follow(begun).await;
    let phone = Phone {
        seed: setup.text_of("#seed").replace(' ', ""),
    };
    let wrong = browser
        .submit(&setup, "form#app-code", &[("code", "1")])
        .await;
    assert_eq!(wrong.status, 422);
    let before = browser.cookie("sid").unwrap();
    let added = browser
        .submit(&setup, "form#app-code", &[("code", &phone.code(0))])
        .await;
    assert_ne!(browser.cookie("sid").unwrap(), before, "a new id");
    let page = browser.follow(added).await;
    assert!(page.text().contains("was added"), "{}", page.text());
    assert!(
        !is_signed_in(&elsewhere).await,
        "every other login has ended"
    );

    let rename = page.attributes("form[action$='/name']", "action");
    assert_eq!(rename.len(), 2);
    browser.post(&rename[1], &[("name", "Blue phone")]).await;
    for (name, words) in [
        ("", "Nothing was changed"),
        (&*"x".repeat(51), "1 to 50 characters"),
    ] {
        let page = browser.post(&rename[1], &[("name", name)]).await;
        assert!(browser.follow(page).await.text().contains(words));
    }
    let page = browser.get(PAGE).await;
    assert!(page.text().contains("Blue phone"));
    let remove = page.attributes("form[action$='/removal']", "action");
    browser.post(&remove[0], &[]).await;
    let page = browser.get(PAGE).await;
    assert!(page.text().contains("Your only factor"));
    let last = browser.post(&remove[1], &[]).await;
    assert!(
        browser
            .follow(last)
            .await
            .text()
            .contains("Nothing was changed: it is the last factor")
    );
    let of_another = app.login(Role::Owner).await;
    assert_eq!(
        of_another.post(&remove[1], &[]).await.status,
        404,
        "nobody else's"
    );
    assert_eq!(
        of_another.post(&rename[1], &[("name", "x")]).await.status,
        404
    );
}

#[tokio::test]
async fn the_password_changes_with_the_old_one_and_ends_every_other_login() {
    let (app, browser, _) = stage(Role::Technician).await;
    let elsewhere = app.browser_of(app.find(EMAIL).await.id).await;
    let page = browser.get(PAGE).await;
    for (old, new, again, field, words) in [
        (
            "not my password at all",
            NEXT,
            NEXT,
            "old",
            "not your password",
        ),
        (PASSWORD, "short", "short", "password", "at least 15"),
        (
            PASSWORD,
            NEXT,
            "another long sentense",
            "repeated",
            "not the same",
        ),
        (
            PASSWORD,
            "Password1234567",
            "Password1234567",
            "password",
            "guessers try first",
        ),
        (PASSWORD, PASSWORD, PASSWORD, "password", "the present one"),
        (
            PASSWORD,
            "robin at the portal",
            "robin at the portal",
            "password",
            "Leave out “robin”",
        ),
    ] {
        let fields = [("old", old), ("password", new), ("repeated", again)];
        let page = browser.submit(&page, "form#change-password", &fields).await;
        assert_eq!(page.status, 422, "{words}");
        assert!(
            page.field_error(field).contains(words),
            "{}",
            page.field_error(field)
        );
        assert!(!page.body.contains(PASSWORD) && !page.body.contains(NEXT));
    }
    assert!(is_signed_in(&elsewhere).await);
    let before = browser.cookie("sid").unwrap();
    let fields = [("old", PASSWORD), ("password", NEXT), ("repeated", NEXT)];
    let done = browser.submit(&page, "form#change-password", &fields).await;
    assert_eq!(done.location.as_deref(), Some(PAGE), "{}", done.text());
    assert_ne!(browser.cookie("sid").unwrap(), before);
    assert!(is_signed_in(&browser).await);
    assert!(!is_signed_in(&elsewhere).await);
    let login = |password| [("email", EMAIL), ("password", password)];
    assert_eq!(
        app.browser().post("/login", &login(PASSWORD)).await.status,
        422
    );
    assert_eq!(app.browser().post("/login", &login(NEXT)).await.status, 303);
    assert!(
        app.audit()
            .await
            .contains(&"technician.password_changed denied".to_owned())
    );
}

#[tokio::test]
async fn open_logins_are_listed_and_ended_one_by_one_or_all_but_this() {
    let (app, browser, phone) = stage(Role::Technician).await;
    let id = app.find(EMAIL).await.id;
    let halfway = app.halfway(EMAIL, PASSWORD).await;
    app.next_step().await;
    let request = halfway
        .request(reqwest::Method::POST, "/login/factor")
        .header("sec-fetch-site", "same-origin")
        .form(&[("code", phone.code(0))]);
    assert_eq!(halfway.send(request).await.status, 303);
    let (second, third) = (app.browser_of(id).await, app.browser_of(id).await);
    let page = browser.get(PAGE).await;
    assert_eq!(page.texts("table tbody tr").len(), 4);
    assert!(page.text().contains("(this one)"));
    assert!(
        page.text().contains("127.0.0.1 · authenticator app"),
        "{}",
        page.text()
    );
    let end = page.attributes("form[action*='/sessions/'][action$='/ending']", "action");
    assert_eq!(
        end.iter().filter(|to| to.matches('/').count() == 4).count(),
        3,
        "not this one: {end:?}"
    );
    let stranger = app.login(Role::Owner).await;
    for to in &end {
        if to.matches('/').count() == 4 {
            assert_eq!(stranger.post(to, &[]).await.status, 404, "nobody else's");
        }
    }
    browser.post(&end[0], &[]).await;
    let left = [&halfway, &second, &third];
    let mut open = 0;
    for one in left {
        open += usize::from(is_signed_in(one).await);
    }
    assert_eq!(open, 2);
    let page = browser.get(PAGE).await;
    let done = browser.submit(&page, "form#end-others", &[]).await;
    assert!(
        browser
            .follow(done)
            .await
            .text()
            .contains("2 logins were ended")
    );
    for one in left {
        assert!(!is_signed_in(one).await);
    }
    assert!(is_signed_in(&browser).await);
}

#[tokio::test]
async fn factors_that_were_lost_are_reset_by_another_admin_and_set_up_anew() {
    let (app, sam, _) = stage(Role::Technician).await;
    let id = app.find(EMAIL).await.id;
    let admin = app.login(Role::Admin).await;
    let page = admin.get(&format!("/security/technicians/{id}")).await;
    assert!(
        page.text().contains("Second factorsAuthenticator app"),
        "{}",
        page.text()
    );
    assert!(page.text().contains("10 recovery codes"));
    let act = format!("/security/technicians/{id}/factors-reset");
    assert_eq!(sam.post(&act, &[]).await.status, 403);
    let own = format!(
        "/security/technicians/{}/factors-reset",
        app.find(EMAIL).await.id
    );
    assert_eq!(sam.post(&own, &[]).await.status, 403);
    let done = admin.post(&act, &[]).await;
    assert!(
        admin
            .follow(done)
            .await
            .text()
            .contains("sets up a new second factor")
    );
    assert!(!is_signed_in(&sam).await);
    let browser = app.halfway(EMAIL, PASSWORD).await;
    let page = browser.open("/login/factor").await;
    assert_eq!(
        page.text_of("h1"),
        "Set up a second factor",
        "the password stays"
    );
    let codes: i64 = sqlx::query_scalar("select count(*) from recovery_codes")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(codes, 0);
}

#[tokio::test]
async fn an_admin_ends_one_login_of_somebody_else() {
    let (app, sam, _) = stage(Role::Technician).await;
    let id = app.find(EMAIL).await.id;
    let admin = app.login(Role::Admin).await;
    let page = admin.get(&format!("/security/technicians/{id}")).await;
    let end = page
        .attributes("form[action*='/sessions/']", "action")
        .remove(0);
    admin.post(&end, &[]).await;
    assert!(!is_signed_in(&sam).await);
    assert_eq!(admin.post(&end, &[]).await.status, 404);
}

#[tokio::test]
async fn another_role_gives_the_next_page_a_new_id() {
    let (app, sam, _) = stage(Role::Technician).await;
    let id = app.find(EMAIL).await.id;
    let owner = app.login(Role::Owner).await;
    let before = sam.cookie("sid").unwrap();
    sam.get("/tenants").await;
    assert_eq!(sam.cookie("sid").unwrap(), before);
    owner
        .post(
            &format!("/security/technicians/{id}/role"),
            &[("role", "viewer")],
        )
        .await;
    app.advance(Duration::from_secs(1));
    assert_eq!(sam.get("/tenants/new").await.status, 403);
    assert!(is_signed_in(&sam).await);
    assert_ne!(sam.cookie("sid").unwrap(), before);
    let thief = app.browser();
    thief.set_cookie("sid", &before);
    assert!(!is_signed_in(&thief).await);
}
