//! Tying a login to an account of the provider: by a one-time link, by oneself while signed in; and untying it.

use serde_json::json;
use tenantry::domain::op::{Actor, Op};
use tenantry::domain::technician::{self, LoginName, NewTechnician, Role};

use super::{SUBJECT, World, away, is_in};

/// A fresh technician's one-time link.
async fn invited(world: &World, role: Role) -> String {
    let app = &world.app;
    let mut op = Op::begin(&app.app.pool, &app.clock, Actor::Command("technician"))
        .await
        .unwrap();
    let new = NewTechnician {
        email: LoginName::parse("robin@msp.example").unwrap(),
        display_name: "Robin Marlow".into(),
        role,
    };
    let (_, link) = technician::add(&mut op, &new).await.unwrap();
    op.commit().await.unwrap();
    format!("/login/link/{}", link.expose())
}

#[tokio::test]
async fn a_one_time_link_may_be_used_by_single_sign_on_instead_of_a_password() {
    let world = World::start().await;
    let link = invited(&world, Role::Technician).await;
    let browser = world.app.browser();
    let page = browser.get(&link).await;
    assert!(
        page.text()
            .contains("Sign in with Harbour ID instead of a password"),
        "{}",
        page.text()
    );
    assert!(page.has("form#set-password"));
    let left = away(&browser.submit(&page, "form#sso", &[]).await);
    assert_eq!(
        browser.get(&link).await.status,
        200,
        "leaving uses nothing up"
    );
    // The address differs: the link says who it is, not the claims.
    let back = world
        .come_back(
            &browser,
            &left,
            &json!({"email": "other@elsewhere.example"}),
        )
        .await;
    assert_eq!(
        (back.status, back.location.as_deref()),
        (303, Some("/")),
        "{}",
        back.text()
    );
    assert!(is_in(&browser).await);
    assert_eq!(browser.get(&link).await.status, 410, "used up");
    let again = world.app.browser();
    assert_eq!(
        world.sign_in(&again, &json!({})).await.status,
        303,
        "and from now on without a link"
    );
    assert_eq!(
        world.app.audit().await,
        [
            "technician.added done",
            "technician.sign_on_linked done",
            "technician.sign_on_proved done",
            "technician.signed_in done",
            "technician.sign_on_proved done",
            "technician.signed_in done"
        ]
    );
}

#[tokio::test]
async fn a_link_that_was_used_meanwhile_ties_nothing() {
    let world = World::start().await;
    let link = invited(&world, Role::Technician).await;
    let (first, second) = (world.app.browser(), world.app.browser());
    let page = first.get(&link).await;
    let one = away(&first.submit(&page, "form#sso", &[]).await);
    let two = away(&second.submit(&page, "form#sso", &[]).await);
    assert_eq!(world.come_back(&first, &one, &json!({})).await.status, 303);
    let late = world.come_back(&second, &two, &json!({"sub": "eve"})).await;
    assert_eq!(late.status, 422);
    assert!(
        late.text_of("#problem").contains("no longer valid"),
        "{}",
        late.text()
    );
    assert!(!is_in(&second).await);
    let invented = format!("/login/link/{}/sso", "A".repeat(43));
    let three = away(&second.post(&invented, &[]).await);
    assert_eq!(
        world
            .come_back(&second, &three, &json!({"sub": "eve"}))
            .await
            .status,
        422
    );
    assert_eq!(
        second.post("/login/link/nonsense/sso", &[]).await.status,
        404
    );
    assert_eq!(world.count("technician_sign_ons").await, 1);
}

#[tokio::test]
async fn an_account_belongs_to_one_login() {
    let world = World::start().await;
    world
        .linked_as(
            "first@msp.example",
            Role::Viewer,
            &world.idp.issuer(),
            SUBJECT,
        )
        .await;
    let link = invited(&world, Role::Owner).await;
    let browser = world.app.browser();
    let page = browser.get(&link).await;
    let left = away(&browser.submit(&page, "form#sso", &[]).await);
    let back = world.come_back(&browser, &left, &json!({})).await;
    assert_eq!(back.status, 422);
    assert!(
        back.text_of("#problem")
            .contains("belongs to another login")
    );
    assert_eq!(
        browser.get(&link).await.status,
        200,
        "the link was not used up"
    );
}

#[tokio::test]
async fn who_is_signed_in_ties_their_own_login_a_viewer_too() {
    let world = World::start().await;
    let robin = world
        .app
        .technician("robin@msp.example", Role::Viewer)
        .await;
    let browser = world.app.browser_of(robin).await;
    let page = browser.get("/profile/single-sign-on").await;
    assert!(page.text().contains("not tied to an account at Harbour ID"));
    let left = away(&browser.submit(&page, "form#tie", &[]).await);
    let sid = browser.cookie("sid");
    let back = world.come_back(&browser, &left, &json!({})).await;
    assert_eq!(
        (back.status, back.location.as_deref()),
        (303, Some("/profile/single-sign-on"))
    );
    let page = browser.follow(back).await;
    assert!(
        page.text_of("[role=status]")
            .contains("From now on you can sign in with Harbour ID")
    );
    assert!(page.text_of("#sign-on").contains(SUBJECT));
    assert_eq!(browser.cookie("sid"), sid, "the login goes on");
    assert_eq!(
        world.sign_in(&world.app.browser(), &json!({})).await.status,
        303
    );
}

#[tokio::test]
async fn what_one_began_another_does_not_finish() {
    let world = World::start().await;
    let (robin, eve) = (
        world
            .app
            .technician("robin@msp.example", Role::Viewer)
            .await,
        world.app.technician("eve@msp.example", Role::Owner).await,
    );
    let browser = world.app.browser_of(robin).await;
    let page = browser.get("/profile/single-sign-on").await;
    let left = away(&browser.submit(&page, "form#tie", &[]).await);
    sqlx::query(
        "update login_sessions set technician_id = $1, data = jsonb_set(data, '{technician}', to_jsonb($2::text))",
    )
    .bind(eve)
    .bind(eve.to_string())
    .execute(&world.app.pool)
    .await
    .unwrap();
    let back = world.come_back(&browser, &left, &json!({})).await;
    assert_eq!(
        (back.status, back.location.as_deref()),
        (303, Some("/profile/single-sign-on"))
    );
    assert!(
        browser
            .follow(back)
            .await
            .text_of("[role=status]")
            .contains("Somebody else is signed in")
    );
    assert_eq!(world.count("technician_sign_ons").await, 0);
    let nobody = world.app.browser();
    let page = nobody.post("/profile/single-sign-on", &[]).await;
    assert!(page.location.unwrap().starts_with("/login"));
}

#[tokio::test]
async fn an_admin_sees_the_account_and_removes_it() {
    let world = World::start().await;
    let robin = world.linked(Role::Technician).await;
    let theirs = world.app.browser();
    world.sign_in(&theirs, &json!({})).await;
    let admin = world.app.login(Role::Admin).await;
    let at = format!("/security/technicians/{robin}");
    let page = admin.get(&at).await;
    let facts = page.text_of("#sign-on");
    assert!(
        facts.contains(SUBJECT) && facts.contains(&world.idp.issuer()),
        "{facts}"
    );
    assert!(
        page.text().contains("Active"),
        "can sign in without a password"
    );
    let form = format!("form[action='{at}/sign-on/removal']");
    let done = admin.follow(admin.submit(&page, &form, &[]).await).await;
    assert!(
        done.text_of("[role=status]")
            .contains("Single sign-on was removed")
    );
    assert!(!done.has("#sign-on"));
    assert!(!is_in(&theirs).await, "every login ends");
    assert_eq!(
        world.sign_in(&world.app.browser(), &json!({})).await.status,
        422
    );
    let audit = world.app.audit().await;
    assert!(
        audit.contains(&"technician.sign_on_unlinked done".to_owned()),
        "{audit:?}"
    );
}

#[tokio::test]
async fn nobody_else_removes_it() {
    let world = World::start().await;
    let robin = world.linked(Role::Owner).await;
    let at = format!("/security/technicians/{robin}/sign-on/removal");
    for role in [Role::Viewer, Role::Technician, Role::Admin] {
        let browser = world.app.login(role).await;
        assert_eq!(
            browser.post(&at, &[]).await.status,
            403,
            "{role}, of an owner"
        );
    }
    assert_eq!(
        world
            .app
            .browser_of(robin)
            .await
            .post(&at, &[])
            .await
            .status,
        403,
        "of oneself"
    );
    assert_eq!(
        world.app.browser().post(&at, &[]).await.status,
        303,
        "to the login"
    );
    assert_eq!(world.count("technician_sign_ons").await, 1);
}
