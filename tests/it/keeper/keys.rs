//! Master keys, data keys, and the app registration at start.

use std::time::Duration;

use tenantry::keeper::{BootError, Keyring, StartError, create_key_file};

use tenantry::keeper::Rotation;
use tenantry::keeper::message::{Reply, Request};
use uuid::Uuid;

use crate::support::keeper::{Keeper, World, text};

#[tokio::test]
async fn another_key_file_stops_the_start_and_writes_nothing() {
    let mut world = World::new().await;
    world.keeper().await.stop().await;
    let before = world.number("select count(*) from data_keys").await;
    let other = world.key_file.with_file_name("other.key");
    create_key_file(&other).unwrap();
    let right = std::mem::replace(&mut world.key_file, other);
    let refused = world.try_keeper("x").await;
    assert!(matches!(
        refused.err().unwrap(),
        StartError::Boot(BootError::UnknownMaster(_))
    ));
    assert_eq!(world.number("select count(*) from data_keys").await, before);
    assert_eq!(
        world.number("select count(*) from app_credentials").await,
        1
    );

    world.key_file = right;
    world.keeper().await.stop().await;
}

#[tokio::test]
async fn a_key_of_the_same_name_that_is_another_stops_the_start() {
    let mut world = World::new().await;
    world.keeper().await.stop().await;
    let text = std::fs::read_to_string(&world.key_file).unwrap();
    let line = text.lines().last().unwrap();
    let (id, _) = line.split_once(' ').unwrap();
    let forged = format!("{id} {}\n", "A".repeat(43) + "=");
    world.key_file = world.key_file.with_file_name("forged.key");
    std::fs::write(&world.key_file, forged).unwrap();
    std::fs::set_permissions(
        &world.key_file,
        std::os::unix::fs::PermissionsExt::from_mode(0o400),
    )
    .unwrap();
    assert!(Keyring::read(&world.key_file).is_ok());
    let refused = world.try_keeper("x").await;
    assert!(matches!(
        refused.err().unwrap(),
        StartError::Boot(BootError::Canary { .. })
    ));
}

#[tokio::test]
async fn a_restart_adds_no_credential_and_a_new_secret_retires_the_old() {
    let world = World::new().await;
    for secret in [
        "first-secret",
        "first-secret",
        "second-secret",
        "first-secret",
    ] {
        let Ok(keeper) = world.try_keeper(secret).await else {
            panic!("the keeper does not start");
        };
        keeper.stop().await;
    }
    let kept: Vec<String> =
        sqlx::query_scalar("select state from app_credentials order by created_at")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    assert_eq!(kept, ["retired", "active"]);
}

async fn seal(world: &World, keeper: &Keeper, invitation_id: Uuid) {
    let question = Request::SealLink {
        tenant_id: world.tenant,
        invitation_id,
        token: text("inv_secret"),
    };
    let Reply::Sealed { ciphertext } = keeper.ask(question).await else {
        panic!("it does not seal");
    };
    sqlx::query("update invitations set token_sealed = $1 where id = $2")
        .bind(ciphertext)
        .bind(invitation_id)
        .execute(&world.pool)
        .await
        .unwrap();
}

async fn keys_for_links(world: &World) -> Vec<String> {
    let sql = "select state from data_keys where purpose = 'invitation' order by created_at";
    sqlx::query_scalar(sql)
        .fetch_all(&world.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_data_key_seals_for_ninety_days_and_opens_after() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let links = [world.invite("").await, world.invite("").await];
    seal(&world, &keeper, links[0]).await;
    world.clock.advance(Duration::from_hours(24 * 91));
    seal(&world, &keeper, links[1]).await;
    assert_eq!(keys_for_links(&world).await, ["decrypt", "active"]);
    for invitation_id in links {
        let question = Request::OpenLink {
            tenant_id: world.tenant,
            invitation_id,
        };
        let answer = keeper.ask(question).await;
        assert!(matches!(answer, Reply::Link { .. }), "{answer:?}");
    }
}

#[tokio::test]
async fn a_data_key_seals_so_many_records_and_no_more() {
    let mut world = World::new().await;
    world.settings.rotation = Rotation {
        uses: 4,
        block: 2,
        ..Rotation::default()
    };
    let keeper = world.keeper().await;
    let link = world.invite("").await;
    for _ in 0..4 {
        seal(&world, &keeper, link).await;
    }
    assert_eq!(keys_for_links(&world).await, ["active"]);
    seal(&world, &keeper, link).await;
    assert_eq!(keys_for_links(&world).await, ["decrypt", "active"]);
}
