//! When consent is missing: what was acquired is stored, the page leads to the admin-consent leg, and goes on after it.

use std::collections::BTreeSet;
use std::time::Duration;

use tenantry::keeper::message::Request;
use tenantry::simulator::directory::{Resource, Wanted};
use uuid::Uuid;

use crate::support::keeper::{ADMIN, USER, World, text};

fn resume(world: &World, flow: Uuid, refusal: Option<&str>) -> Request {
    Request::ResumeFlow {
        tenant_id: world.tenant,
        flow_id: flow,
        refusal: refusal.map(str::to_owned),
    }
}

#[tokio::test]
async fn after_the_consent_leg_the_same_page_completes() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let (flow, code) = world.code(&keeper, ADMIN).await;
    world.approve(&code, ADMIN);
    world.until_flow(flow, "consent_needed").await;
    let open = "select count(*) from invitations where state = 'open'";
    assert_eq!(world.number(open).await, 1);

    let address = keeper
        .address(Request::ConsentAddress {
            tenant_id: world.tenant,
            flow_id: flow,
            state: text("s"),
        })
        .await;
    assert!(address.contains(&format!("/{}/v2.0/adminconsent", world.entra_tenant)));
    world.consent();
    keeper.done(resume(&world, flow, None)).await;
    world.until_flow(flow, "complete").await;
    assert_eq!(world.state(world.current().await).await, "active");
    world.judge().await;
}

#[tokio::test]
async fn consent_that_arrives_by_another_way_is_noticed_without_a_click() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let (flow, code) = world.code(&keeper, ADMIN).await;
    world.approve(&code, ADMIN);
    world.until_flow(flow, "consent_needed").await;
    world.consent();
    world.clock.advance(Duration::from_secs(11));
    world.until_flow(flow, "complete").await;
    drop(keeper);
}

#[tokio::test]
async fn a_part_stands_in_where_nothing_else_works_and_the_invitation_stays_open() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    consent_to_graph_alone(&world);
    let (flow, code) = world.code(&keeper, ADMIN).await;
    world.approve(&code, ADMIN);
    world.until_flow(flow, "consent_needed").await;
    let connection = world.current().await;
    assert_eq!(world.state(connection).await, "needs_consent");
    let sql =
        "select string_agg(resource, ' ') from tokens where connection_id = $1 and state = 'valid'";
    assert_eq!(world.text(sql, connection).await, "graph");
    let sql = "select cause from connections where id = $1";
    assert_eq!(world.text(sql, connection).await, "consent_missing");

    world.consent();
    keeper.done(resume(&world, flow, None)).await;
    world.until_flow(flow, "complete").await;
    assert_eq!(world.current().await, connection);
    assert_eq!(world.state(connection).await, "active");
    world.judge().await;
}

#[tokio::test]
async fn a_part_does_not_replace_what_still_works() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let former = world.onboard(&keeper).await;
    // Seen as if the tenant needed a resource more, whose consent is missing.
    world
        .directory()
        .kill(
            &tenantry::simulator::directory::Target::tenant(&world.entra_tenant.to_string()),
            &tenantry::simulator::directory::Cause::ConsentWithdrawn,
        )
        .unwrap();
    consent_to_graph_alone(&world);
    let (flow, code) = world.code(&keeper, ADMIN).await;
    world.approve(&code, ADMIN);
    world.until_flow(flow, "consent_needed").await;
    assert_eq!(world.current().await, former);

    world.consent();
    keeper.done(resume(&world, flow, None)).await;
    world.until_flow(flow, "complete").await;
    assert_ne!(world.current().await, former);
    assert_eq!(world.state(former).await, "revoked");
    let left = "select count(*) from connection_secrets";
    assert_eq!(
        world.number(left).await,
        1,
        "the former grant's secrets are erased"
    );
    world.judge().await;
}

#[tokio::test]
async fn a_refusal_at_the_consent_page_is_recorded_and_the_flow_waits_on() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let (flow, code) = world.code(&keeper, ADMIN).await;
    world.approve(&code, ADMIN);
    world.until_flow(flow, "consent_needed").await;
    let declined = "AADSTS65004: The resource owner or authorization server denied the request.";
    keeper.done(resume(&world, flow, Some(declined))).await;
    world.until_flow(flow, "consent_needed").await;
    let sql = "select count(*) from msal_errors where code = 65004 and operation = 'admin_consent'";
    assert_eq!(world.number(sql).await, 1);
}

#[tokio::test]
async fn an_administrator_without_the_role_waits_for_the_reviewer_and_the_page_goes_on() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let (flow, code) = world.code(&keeper, USER).await;
    world.approve(&code, USER);
    world.until_flow(flow, "consent_needed").await;
    let asked =
        "AADSTS90095: Admin consent is required for the permissions requested by this application.";
    keeper.done(resume(&world, flow, Some(asked))).await;
    world.until_flow(flow, "awaiting_approval").await;
    world.clock.advance(Duration::from_secs(40));
    world.until_flow(flow, "awaiting_approval").await;
    world.consent();
    world.clock.advance(Duration::from_secs(130));
    world.until_flow(flow, "complete").await;
}

#[tokio::test]
async fn what_nobody_completed_within_a_day_is_forgotten() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let (flow, code) = world.code(&keeper, ADMIN).await;
    world.approve(&code, ADMIN);
    world.until_flow(flow, "consent_needed").await;
    world.clock.advance(Duration::from_hours(25));
    world.until_flow(flow, "failed code_lapsed").await;
    let living = "select count(*) from connection_secrets";
    for _ in 0..200 {
        if world.number(living).await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(world.number(living).await, 0);
    let revoked = "select count(*) from connections where state = 'revoked'";
    assert_eq!(world.number(revoked).await, 1);
    drop(keeper);
}

fn consent_to_graph_alone(world: &World) {
    let names = |names: &[&str]| {
        names
            .iter()
            .map(ToString::to_string)
            .collect::<BTreeSet<_>>()
    };
    let graph = Wanted {
        resource: Resource::Graph,
        delegated: names(&["User.Read", "Directory.Read.All"]),
        application: BTreeSet::new(),
    };
    let tenant = world.entra_tenant.to_string();
    world
        .directory()
        .grant_admin_consent(&tenant, world.client_id, Some(&[graph]))
        .unwrap();
}
