//! The keeper dies in the middle, or the store fails: nothing is lost.

use std::time::Duration;

use tenantry::keeper::message::Request;
use tenantry::simulator::directory::{FaultKind, NewFault};

use crate::support::keeper::World;

fn refresh(world: &World) -> Request {
    Request::Refresh {
        tenant_id: world.tenant,
    }
}

/// What the next keeper would wait for: the dead one's lease.
async fn end_leases(world: &World) {
    for sql in [
        "update refresh_schedule set lease_until = now() - interval '1 second' where lease_until is not null",
        "update onboarding_flows set lease_until = now() - interval '1 second' where lease_until is not null",
    ] {
        sqlx::query(sql).execute(&world.pool).await.unwrap();
    }
}

#[tokio::test]
async fn killed_while_microsoft_answers_the_next_keeper_goes_on() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    let slow = NewFault::on_tokens(None, FaultKind::Slow { milliseconds: 2000 }, 1);
    world.directory().add_fault(slow).unwrap();
    let client = keeper.client.clone();
    let question = refresh(&world);
    let asked = tokio::spawn(async move { client.ask(question).await });
    // Microsoft has rotated; its answer is on the way.
    world
        .until(
            "select (lease_id is not null)::text from refresh_schedule where connection_id = $1",
            connection,
            "true",
        )
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    keeper.kill();
    assert!(asked.await.unwrap().is_err(), "the asker is told");
    world.judge().await;

    let keeper = world.keeper().await;
    world.end_keepers_sessions().await;
    end_leases(&world).await;
    let answer = keeper.ask(refresh(&world)).await;
    assert!(format!("{answer:?}").contains("Refreshed"), "{answer:?}");
    assert_eq!(world.state(connection).await, "active");
    world.judge().await;
}

#[tokio::test]
async fn stopped_in_the_middle_it_stores_what_was_sent_first() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    let version = "select version from connection_secrets";
    let before = world.number(version).await;
    let slow = NewFault::on_tokens(None, FaultKind::Slow { milliseconds: 500 }, 1);
    world.directory().add_fault(slow).unwrap();
    let client = keeper.client.clone();
    let question = refresh(&world);
    let asked = tokio::spawn(async move { client.ask(question).await });
    world
        .until(
            "select (lease_id is not null)::text from refresh_schedule where connection_id = $1",
            connection,
            "true",
        )
        .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    keeper.stop().await;
    let _ = asked.await;
    assert!(world.number(version).await > before);
    let free = "select count(*) from refresh_schedule where lease_id is null";
    assert_eq!(world.number(free).await, 1, "the lease is given back");
    world.judge().await;
}

#[tokio::test]
async fn a_store_that_fails_for_a_while_gets_the_token_when_it_is_back() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    let version = "select version from connection_secrets";
    let before = world.number(version).await;
    for sql in [
        "create function fail() returns trigger language plpgsql as $$ begin raise exception 'the disk is full'; end $$",
        "create trigger fail before update on connection_secrets for each row execute function fail()",
    ] {
        sqlx::query(sql).execute(&world.pool).await.unwrap();
    }
    let client = keeper.client.clone();
    let question = refresh(&world);
    let asked = tokio::spawn(async move { client.ask(question).await });
    world
        .until(
            "select (lease_id is not null)::text from refresh_schedule where connection_id = $1",
            connection,
            "true",
        )
        .await;
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(world.number(version).await, before);
    sqlx::query("drop trigger fail on connection_secrets")
        .execute(&world.pool)
        .await
        .unwrap();
    let answer = asked.await.unwrap().unwrap();
    assert!(format!("{answer:?}").contains("Refreshed"), "{answer:?}");
    assert_eq!(world.number(version).await, before + 4);
    world.judge().await;
}

#[tokio::test]
async fn a_cell_that_does_not_open_is_set_aside_and_left_as_it_is() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    sqlx::query("update connection_secrets set ct_current = set_byte(ct_current, 60, get_byte(ct_current, 60) # 1)")
        .execute(&world.pool)
        .await
        .unwrap();
    let spoiled = "select md5(ct_current) from connection_secrets where connection_id = $1";
    let before = world.text(spoiled, connection).await;
    let answer = keeper.ask(refresh(&world)).await;
    assert!(format!("{answer:?}").contains("Quarantined"), "{answer:?}");
    assert_eq!(world.state(connection).await, "quarantined");
    assert_eq!(world.text(spoiled, connection).await, before);
    assert_eq!(world.number("select count(*) from msal_errors").await, 0);
}

#[tokio::test]
async fn a_cell_of_another_tenant_does_not_open_here() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let here = world.onboard(&keeper).await;
    let (other, _) = world.customer("fabrikam").await;
    let there = uuid::Uuid::from_u128(99);
    for sql in [
        "insert into connections (tenant_id, id, mode, state, state_since, entra_tenant_id, admin_oid, token_class, obtained_by,
           obtained_at, app_registration_id)
         select $1, $2, mode, state, state_since, entra_tenant_id, admin_oid, token_class, obtained_by, obtained_at,
           app_registration_id from connections where id = $3",
        "insert into connection_secrets select $1, $2, version, ct_current, null, null, fingerprint, obtained_at
         from connection_secrets where connection_id = $3",
        "insert into refresh_schedule (tenant_id, connection_id, next_refresh_at) select $1, $2, next_refresh_at
         from refresh_schedule where connection_id = $3",
    ] {
        sqlx::query(sql)
            .bind(other)
            .bind(there)
            .bind(here)
            .execute(&world.pool)
            .await
            .unwrap();
    }
    let answer = keeper.ask(Request::Refresh { tenant_id: other }).await;
    assert!(format!("{answer:?}").contains("Quarantined"), "{answer:?}");
    assert_eq!(world.state(here).await, "active");
}
