//! Onboarding by "Sign in with Microsoft".

use std::collections::HashMap;

use tenantry::keeper::message::Request;
use tenantry::simulator::{Person, Willing};
use url::Url;
use uuid::Uuid;

use crate::support::keeper::{ADMIN, Keeper, USER, World, text};

/// Go to Microsoft and come back: the fields of the address that the browser lands at.
async fn visit(
    world: &World,
    keeper: &Keeper,
    flow: Uuid,
    person: &Person,
) -> HashMap<String, String> {
    let address = keeper
        .address(Request::StartBrowserSignIn {
            tenant_id: world.tenant,
            flow_id: flow,
            state: text("the-state"),
        })
        .await;
    let address = Url::parse(&address).unwrap();
    let segment = address.path_segments().unwrap().next().unwrap().to_owned();
    let base = world.simulator.url().as_str().trim_end_matches('/');
    let query = address.query_pairs().into_owned().collect();
    let landing = world
        .directory()
        .authorize(base, &segment, &query, person)
        .unwrap();
    assert_eq!(landing.path(), "/onboarding/return");
    landing.query_pairs().into_owned().collect()
}

fn finish(world: &World, flow: Uuid, code: &str) -> Request {
    Request::FinishBrowserSignIn {
        tenant_id: world.tenant,
        flow_id: flow,
        code: text(code),
    }
}

#[tokio::test]
async fn the_expected_administrator_signs_in_and_gets_a_longer_lived_grant() {
    let world = World::new().await;
    world.consent();
    let keeper = world.keeper().await;
    let invitation = world.invite(ADMIN).await;
    let flow = world.flow(invitation, "auth_code").await;
    let back = visit(&world, &keeper, flow, &Person::willing(ADMIN)).await;
    assert_eq!(back["state"], "the-state");
    keeper.done(finish(&world, flow, &back["code"])).await;
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
    let back = visit(&world, &keeper, flow, &Person::willing(ADMIN)).await;
    keeper.done(finish(&world, flow, &back["code"])).await;
    let again = keeper.ask(finish(&world, flow, &back["code"])).await;
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
    visit(&world, &keeper, flow, &Person::willing(ADMIN)).await;
    keeper
        .done(finish(&world, flow, "0.somebody-elses-code"))
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
    let back = visit(&world, &keeper, flow, &Person::willing(USER)).await;
    keeper.done(finish(&world, flow, &back["code"])).await;
    world.until_flow(flow, "failed wrong_person").await;
    assert_eq!(world.number("select count(*) from connections").await, 0);
}

#[tokio::test]
async fn who_cancels_at_microsoft_reads_so_on_our_page() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let invitation = world.invite(ADMIN).await;
    let flow = world.flow(invitation, "auth_code").await;
    let person = Person {
        upn: ADMIN.into(),
        consent: Willing::Refuse,
    };
    let back = visit(&world, &keeper, flow, &person).await;
    let refused = Request::RefuseBrowserSignIn {
        tenant_id: world.tenant,
        flow_id: flow,
        error: back["error"].clone(),
        description: back["error_description"].clone(),
    };
    keeper.done(refused).await;
    world.until_flow(flow, "failed declined").await;
    let sql = "select code::text from msal_errors where flow_id = $1";
    assert_eq!(world.text(sql, flow).await, "65004");
}
