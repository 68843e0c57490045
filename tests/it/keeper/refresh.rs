//! Refreshes: rotation, joining, leases, suspended tenants.

use std::time::Duration;

use tenantry::keeper::message::{Reply, Request};
use tenantry::keeper::{Keyring, inspect};
use tenantry::simulator::directory::{FaultKind, Mode, NewFault};

use crate::support::keeper::{Keeper, World};

fn refresh(world: &World) -> Request {
    Request::Refresh {
        tenant_id: world.tenant,
    }
}

async fn refreshed(keeper: &Keeper, world: &World) -> Vec<bool> {
    match keeper.ask(refresh(world)).await {
        Reply::Refreshed { resources } => resources.iter().map(|one| one.valid).collect(),
        other => panic!("{other:?}"),
    }
}

async fn version(world: &World) -> i64 {
    world.number("select version from connection_secrets").await
}

#[tokio::test]
async fn every_resource_is_refreshed_and_each_new_token_is_stored_by_itself() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let before = version(&world).await;
    assert_eq!(refreshed(&keeper, &world).await, [true; 4]);
    assert_eq!(version(&world).await, before + 4);
    world.judge().await;
}

#[tokio::test]
async fn the_token_before_is_kept_until_the_new_one_has_worked() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let look = async || {
        let keys = Keyring::read(&world.key_file).unwrap();
        inspect::refresh_tokens(&world.pool, keys).await.unwrap()[0].clone()
    };
    let first = look().await;
    assert!(first.previous_sha256.is_some());
    // An answer without a new token proves the one at hand.
    let fault = NewFault::on_tokens(None, FaultKind::NoRefreshToken, 4);
    world.directory().add_fault(fault).unwrap();
    assert_eq!(refreshed(&keeper, &world).await, [true; 4]);
    let proven = look().await;
    assert_eq!(proven.current_sha256, first.current_sha256);
    assert_eq!(proven.previous_sha256, None);
    // The next rotation keeps the one that has just worked.
    refreshed(&keeper, &world).await;
    let rotated = look().await;
    assert_ne!(rotated.current_sha256, first.current_sha256);
    assert!(rotated.previous_sha256.is_some());
}

#[tokio::test]
async fn what_is_due_is_refreshed_without_being_asked() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    let sql = "select (next_refresh_at between $2 + interval '19 hours' and $2 + interval '29 hours') from refresh_schedule where connection_id = $1";
    let within: bool = sqlx::query_scalar(sql)
        .bind(connection)
        .bind(world.clock.now())
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert!(within, "once a day, a fifth more or less");
    let before = version(&world).await;
    world.clock.advance(Duration::from_hours(30));
    for _ in 0..200 {
        if version(&world).await == before + 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(version(&world).await, before + 4);
    world.judge().await;
    drop(keeper);
}

#[tokio::test]
async fn a_suspended_tenant_is_left_alone_and_goes_on_when_resumed() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let before = version(&world).await;
    sqlx::query("update tenants set state = 'suspended'")
        .execute(&world.pool)
        .await
        .unwrap();
    let answer = keeper.ask(refresh(&world)).await;
    assert!(format!("{answer:?}").contains("Suspended"), "{answer:?}");
    world.make_due().await;
    // Another customer's turn shows that the worker came by.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(version(&world).await, before);
    sqlx::query("update tenants set state = 'active'")
        .execute(&world.pool)
        .await
        .unwrap();
    assert_eq!(refreshed(&keeper, &world).await, [true; 4]);
}

#[tokio::test]
async fn many_who_ask_at_once_share_one_refresh() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let before = version(&world).await;
    let slow = NewFault::on_tokens(None, FaultKind::Slow { milliseconds: 300 }, 4);
    world.directory().add_fault(slow).unwrap();
    let asked = (0..20).map(|_| keeper.client.ask(refresh(&world)));
    for answer in futures_util::future::join_all(asked).await {
        assert!(matches!(answer, Ok(Reply::Refreshed { .. })), "{answer:?}");
    }
    assert_eq!(version(&world).await, before + 4);
}

#[tokio::test]
async fn two_keepers_on_one_database_refresh_once() {
    let world = World::with_mode(Mode::Strict).await;
    let (one, two) = (world.keeper().await, world.keeper().await);
    world.onboard(&one).await;
    let before = version(&world).await;
    let slow = NewFault::on_tokens(None, FaultKind::Slow { milliseconds: 200 }, 4);
    world.directory().add_fault(slow).unwrap();
    let (first, second) = tokio::join!(one.ask(refresh(&world)), two.ask(refresh(&world)));
    for answer in [first, second] {
        assert!(matches!(answer, Reply::Refreshed { .. }), "{answer:?}");
    }
    assert_eq!(version(&world).await, before + 4);
    world.judge().await;
}

#[tokio::test]
async fn a_refused_token_is_followed_by_the_one_before_once() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    let refused = FaultKind::Error {
        code: 70_000,
        error: "invalid_grant".into(),
        suberror: None,
        text: None,
        status: None,
        stacked: false,
    };
    world
        .directory()
        .add_fault(NewFault::on_tokens(None, refused, 1))
        .unwrap();
    assert_eq!(refreshed(&keeper, &world).await, [true; 4]);
    assert_eq!(world.state(connection).await, "active");
    assert_eq!(world.number("select count(*) from msal_errors").await, 1);
    world.judge().await;
}

#[tokio::test]
async fn passing_trouble_changes_no_state_and_is_over_with_the_next_success() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    for kind in [
        FaultKind::Outage { status: 503 },
        FaultKind::Throttled { retry_after: 7 },
        FaultKind::Truncated,
        FaultKind::WrongJson,
        FaultKind::Html,
        FaultKind::Empty,
    ] {
        let fault = NewFault::on_tokens(None, kind.clone(), 1);
        world.directory().add_fault(fault).unwrap();
        keeper.ask(refresh(&world)).await;
        assert_eq!(world.state(connection).await, "active", "{kind:?}");
        let sql = "select (trouble_since is not null)::text from connections where id = $1";
        assert_eq!(world.text(sql, connection).await, "true", "{kind:?}");
    }
    assert_eq!(world.number("select count(*) from msal_errors").await, 6);
    assert_eq!(refreshed(&keeper, &world).await, [true; 4]);
    let sql = "select concat(trouble_since, cause) from connections where id = $1";
    assert_eq!(world.text(sql, connection).await, "");
    world.judge().await;
}

/// A secret is shown with what was obtained with one and never else; the wrong way round, which no keeper takes by
/// itself, is refused by Microsoft, costs no token and calls nobody dead.
async fn refused_the_other_way(browser: bool, kept: &str, other: &'static str, code: i64) {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = if browser {
        world.onboard_by_browser(&keeper).await
    } else {
        world.onboard(&keeper).await
    };
    let class = "select token_class from connections where id = $1";
    assert_eq!(world.text(class, connection).await, kept);
    assert_eq!(refreshed(&keeper, &world).await, [true; 4]);

    let change = "update connections set token_class = $2 where id = $1";
    let turn = async |class: &'static str| {
        let changed = sqlx::query(change).bind(connection).bind(class);
        changed.execute(&world.pool).await.unwrap();
    };
    turn(other).await;
    assert!(refreshed(&keeper, &world).await.contains(&false));
    let recorded = "select code::bigint from msal_errors order by id desc limit 1";
    assert_eq!(world.number(recorded).await, code);
    assert_eq!(world.state(connection).await, "active");

    turn(if browser { "confidential" } else { "public" }).await;
    world.clock.advance(Duration::from_hours(1));
    world
        .until(
            "select (trouble_since is null)::text from connections where id = $1",
            connection,
            "true",
        )
        .await;
    world.judge().await;
}

#[tokio::test]
async fn what_was_obtained_without_a_secret_is_refreshed_without_it() {
    refused_the_other_way(false, "public", "confidential", 700_025).await;
}

#[tokio::test]
async fn what_was_obtained_with_a_secret_is_refreshed_with_it() {
    refused_the_other_way(true, "confidential", "public", 7_000_218).await;
}
