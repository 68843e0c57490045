//! Master keys and the app registration at start.

use tenantry::keeper::{BootError, Keyring, StartError, create_key_file};

use crate::support::keeper::World;

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
