//! Onboarding by "Sign in with Microsoft".

use tenantry::keeper::message::Request;

use crate::support::keeper::{ADMIN, USER, World};

#[tokio::test]
async fn the_expected_administrator_signs_in_and_gets_a_longer_lived_grant() {
    let world = World::new().await;
    world.consent();
    let keeper = world.keeper().await;
    let invitation = world.invite(ADMIN).await;
    let flow = world.flow(invitation, "auth_code").await;
    let back = world.visit(&keeper, flow, ADMIN).await;
    assert_eq!(back["state"], "the-state");
    keeper.done(world.finish(flow, &back["code"])).await;
    world.until_flow(flow, "complete").await;

    let connection = world.current().await;
    let sql =
        "select concat_ws(' ', state, token_class, obtained_by) from connections where id = $1";
    assert_eq!(
        world.text(sql, connection).await,
        "active confidential auth_code"
    );
    assert_eq!(world.number("select count(*) from flow_secrets").await, 0);
    world.judge().await;
}

#[tokio::test]
async fn a_code_is_good_once() {
    let world = World::new().await;
    world.consent();
    let keeper = world.keeper().await;
    let invitation = world.invite(ADMIN).await;
    let flow = world.flow(invitation, "auth_code").await;
    let back = world.visit(&keeper, flow, ADMIN).await;
    keeper.done(world.finish(flow, &back["code"])).await;
    let again = keeper.ask(world.finish(flow, &back["code"])).await;
    assert!(format!("{again:?}").contains("NotThere"), "{again:?}");
    world.until_flow(flow, "complete").await;
}

#[tokio::test]
async fn a_code_that_was_not_given_for_this_flow_is_refused() {
    let world = World::new().await;
    world.consent();
    let keeper = world.keeper().await;
    let invitation = world.invite(ADMIN).await;
    let flow = world.flow(invitation, "auth_code").await;
    world.visit(&keeper, flow, ADMIN).await;
    keeper
        .done(world.finish(flow, "0.somebody-elses-code"))
        .await;
    world.until_flow(flow, "failed trouble").await;
    assert_eq!(world.number("select count(*) from connections").await, 0);
}

#[tokio::test]
async fn another_person_is_refused() {
    let world = World::new().await;
    world.consent();
    let keeper = world.keeper().await;
    let invitation = world.invite(ADMIN).await;
    let flow = world.flow(invitation, "auth_code").await;
    let back = world.visit(&keeper, flow, USER).await;
    keeper.done(world.finish(flow, &back["code"])).await;
    world.until_flow(flow, "failed wrong_person").await;
    assert_eq!(world.number("select count(*) from connections").await, 0);
}

#[tokio::test]
async fn who_cancels_at_microsoft_reads_so_on_our_page() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let invitation = world.invite(ADMIN).await;
    let flow = world.flow(invitation, "auth_code").await;
    world.visit(&keeper, flow, ADMIN).await;
    let refused = Request::RefuseBrowserSignIn {
        tenant_id: world.tenant,
        flow_id: flow,
        error: "access_denied".into(),
        description: "AADSTS65004: User declined to consent to access the app.".into(),
    };
    keeper.done(refused).await;
    world.until_flow(flow, "failed declined").await;
    let sql = "select code::text from msal_errors where flow_id = $1";
    assert_eq!(world.text(sql, flow).await, "65004");
}
