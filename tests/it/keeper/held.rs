//! Whoever was not expected is stored apart until a technician says who it was.

use std::time::Duration;

use tenantry::keeper::message::{Actor, Request};
use uuid::Uuid;

use crate::support::keeper::{ADMIN, Keeper, USER, World};

fn technician() -> Actor {
    Actor {
        kind: "technician".into(),
        id: Some(Uuid::from_u128(5)),
        name: "tess@msp.example".into(),
        ip: "192.0.2.1".into(),
    }
}

async fn hold(world: &World, keeper: &Keeper, who: &str) -> Uuid {
    world.consent();
    let (flow, code) = world.code(keeper, "").await;
    world.approve(&code, who);
    world.until_flow(flow, "held").await;
    let sql = "select connection_id::text from onboarding_flows where id = $1";
    world.text(sql, flow).await.parse().unwrap()
}

#[tokio::test]
async fn without_an_expectation_the_grant_waits_and_nobody_uses_it() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = hold(&world, &keeper, ADMIN).await;
    let sql = "select state || ' ' || pending_reason from connections where id = $1";
    assert_eq!(
        world.text(sql, connection).await,
        "pending awaiting_confirmation"
    );
    let sql = "select state from invitations where tenant_id = $1";
    assert_eq!(world.text(sql, world.tenant).await, "completed");
    let unbound = "select count(*) from tenants where entra_tenant_id is null";
    assert_eq!(world.number(unbound).await, 1);
    let refresh = Request::Refresh {
        tenant_id: world.tenant,
    };
    let answer = keeper.ask(refresh).await;
    assert!(format!("{answer:?}").contains("NotThere"), "{answer:?}");
}

#[tokio::test]
async fn confirmed_it_becomes_the_standing_by_the_technicians_word() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = hold(&world, &keeper, ADMIN).await;
    let confirm = || Request::ConfirmPending {
        tenant_id: world.tenant,
        connection_id: connection,
        actor: technician(),
    };
    keeper.done(confirm()).await;
    assert_eq!(world.current().await, connection);
    assert_eq!(world.state(connection).await, "active");
    let sql = "select actor_name from audit_events where action = 'connection.activate' and object_id = $1::text";
    assert_eq!(world.text(sql, connection).await, "tess@msp.example");
    let again = keeper.ask(confirm()).await;
    assert!(format!("{again:?}").contains("NotThere"), "{again:?}");
    world.judge().await;
}

#[tokio::test]
async fn rejected_nothing_of_it_stays() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = hold(&world, &keeper, USER).await;
    keeper
        .done(Request::RejectPending {
            tenant_id: world.tenant,
            connection_id: connection,
            actor: technician(),
        })
        .await;
    assert_eq!(world.state(connection).await, "revoked");
    for sql in [
        "select count(*) from connection_secrets",
        "select count(*) from tokens where ct is not null",
        "select count(*) from refresh_schedule",
    ] {
        assert_eq!(world.number(sql).await, 0, "{sql}");
    }
}

#[tokio::test]
async fn i_am_someone_else_is_held_too() {
    let world = World::new().await;
    world.consent();
    let keeper = world.keeper().await;
    let invitation = world.invite(ADMIN).await;
    let flow = world.flow(invitation, "device_code").await;
    sqlx::query("update onboarding_flows set someone_else = true")
        .execute(&world.pool)
        .await
        .unwrap();
    keeper.done(world.start_device_code(flow)).await;
    let sql = "select user_code from onboarding_flows where id = $1";
    let code = world.text(sql, flow).await;
    world.approve(&code, USER);
    world.until_flow(flow, "held").await;
}

#[tokio::test]
async fn unconfirmed_for_a_day_it_dies() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = hold(&world, &keeper, ADMIN).await;
    world.clock.advance(Duration::from_hours(23));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.state(connection).await, "pending");
    world.clock.advance(Duration::from_hours(2));
    world.until_state(connection, "revoked").await;
    let secrets = "select count(*) from connection_secrets";
    assert_eq!(world.number(secrets).await, 0);
    let confirm = Request::ConfirmPending {
        tenant_id: world.tenant,
        connection_id: connection,
        actor: technician(),
    };
    let late = keeper.ask(confirm).await;
    assert!(format!("{late:?}").contains("NotThere"), "{late:?}");
}
