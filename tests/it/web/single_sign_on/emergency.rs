//! Where single sign-on is the rule (`sso.only`), passwords are left to owners, and each use is counted and written down.

use serde_json::json;
use tenantry::domain::op::{Actor, Op};
use tenantry::domain::sign_on;
use tenantry::domain::technician::{self, LoginName, NewTechnician, Role};

use super::{World, is_in};

const PASSWORD: &str = "correct horse battery";

async fn world() -> World {
    let world = World::with(&[("sso.only", "true")]).await;
    for (email, role) in [
        ("owner@msp.example", Role::Owner),
        ("admin@msp.example", Role::Admin),
    ] {
        world
            .app
            .technician_with_password(email, PASSWORD, role)
            .await;
    }
    world
}

#[tokio::test]
async fn an_owner_comes_in_by_password_and_it_is_counted() {
    let world = world().await;
    let browser = world.app.browser();
    let page = browser.get("/login").await;
    assert!(
        page.text()
            .contains("Passwords are for owners in an emergency")
    );
    let typed = [("email", "owner@msp.example"), ("password", PASSWORD)];
    assert_eq!(
        browser.submit(&page, "form#sign-in", &typed).await.status,
        303
    );
    assert!(!is_in(&browser).await, "nor without a second factor");
    world
        .app
        .with_second_factor(&browser, "owner@msp.example")
        .await;
    assert!(is_in(&browser).await);
    let audit = world.app.audit().await;
    let times = |entry: &str| audit.iter().filter(|one| *one == entry).count();
    assert_eq!(times("technician.break_glass done"), 1, "{audit:?}");
    assert_eq!(times("technician.signed_in done"), 1, "{audit:?}");
    let mut op = Op::begin(
        &world.app.app.pool,
        &world.app.clock,
        Actor::Command("test"),
    )
    .await
    .unwrap();
    let totals = sign_on::totals(&mut op).await.unwrap();
    let of = |way: &str| {
        totals
            .iter()
            .find(|one| one.way == way && one.result == "done")
            .unwrap()
            .total
    };
    assert_eq!((of("break_glass"), of("sso")), (1, 0));
}

#[tokio::test]
async fn nobody_else_does_and_the_page_does_not_tell_whether_the_password_was_right() {
    let world = world().await;
    let mut seen = Vec::new();
    for password in [PASSWORD, "not the password at all"] {
        let browser = world.app.browser();
        let page = browser
            .post(
                "/login",
                &[("email", "admin@msp.example"), ("password", password)],
            )
            .await;
        assert!(!is_in(&browser).await);
        seen.push((page.status, page.text_of("#problem")));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].0, 422);
}

#[tokio::test]
async fn a_one_time_link_offers_a_password_to_owners_alone() {
    let world = world().await;
    for (email, role, password) in [
        ("new@msp.example", Role::Admin, false),
        ("boss@msp.example", Role::Owner, true),
    ] {
        let mut op = Op::begin(
            &world.app.app.pool,
            &world.app.clock,
            Actor::Command("technician"),
        )
        .await
        .unwrap();
        let new = NewTechnician {
            email: LoginName::parse(email).unwrap(),
            display_name: "Robin Marlow".into(),
            role,
        };
        let (_, link) = technician::add(&mut op, &new).await.unwrap();
        op.commit().await.unwrap();
        let (browser, link) = (
            world.app.browser(),
            format!("/login/link/{}", link.expose()),
        );
        let page = browser.get(&link).await;
        assert!(page.has("form#sso"));
        assert_eq!(page.has("form#set-password"), password, "{role}");
        let typed = [("password", PASSWORD), ("repeated", PASSWORD)];
        let set = browser.post(&link, &typed).await;
        assert_eq!(set.status, if password { 303 } else { 422 }, "{role}");
    }
}

#[tokio::test]
async fn single_sign_on_is_counted_by_how_it_ended() {
    let world = World::start().await;
    world.linked(Role::Viewer).await;
    assert_eq!(
        world.sign_in(&world.app.browser(), &json!({})).await.status,
        303
    );
    assert_eq!(
        world
            .sign_in(&world.app.browser(), &json!({"sub": "eve"}))
            .await
            .status,
        422
    );
    let left = world.leave(&world.app.browser()).await;
    drop(left);
    let mut op = Op::begin(
        &world.app.app.pool,
        &world.app.clock,
        Actor::Command("test"),
    )
    .await
    .unwrap();
    let totals = sign_on::totals(&mut op).await.unwrap();
    let sso: Vec<_> = totals
        .iter()
        .filter(|one| one.way == "sso")
        .map(|one| (one.result.as_str(), one.total))
        .collect();
    assert_eq!(sso, [("denied", 1), ("done", 1)]);
}
