//! The saved state: a restart keeps directory, keys, tokens and the clock.

use std::path::PathBuf;
use std::time::Duration;

use tenantry::clock::Clock;
use tenantry::simulator::directory::{Mode, NewTenant, NewUser, required_access};
use tenantry::simulator::{Options, Simulator, start};

use super::support::{ADMIN, World, app, http, options};

fn scratch(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(std::fs::remove_dir_all(&directory));
    directory.join("simulator.json")
}

async fn open(file: PathBuf, clock: Clock) -> Simulator {
    start(Options {
        state_file: Some(file),
        ..options(clock, Mode::Strict)
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn tokens_keys_and_the_clock_survive_a_restart() {
    let file = scratch("simulator-state");
    let clock = Clock::system();
    let simulator = open(file.clone(), clock.clone()).await;
    let directory = simulator.directory();
    let tenant = directory
        .add_tenant(NewTenant::named("Contoso", "contoso.example"))
        .unwrap();
    directory.add_user(NewUser::admin(ADMIN, "Admin")).unwrap();
    let client = directory.put_app(app(required_access()));
    let world = World {
        http: http(),
        simulator,
        tenant,
        client,
        clock,
    };
    let token = world.onboard().await;
    world.pass(3600 * 24 * 30);
    let token = world.refresh(token.text("refresh_token")).await;
    world.simulator.shutdown().await;

    let clock = Clock::system();
    let simulator = open(file.clone(), clock.clone()).await;
    assert!(
        clock.offset_ms() >= 30 * 86_400_000,
        "time does not go back"
    );
    let world = World {
        http: http(),
        simulator,
        tenant,
        client,
        clock,
    };
    let access = token.text("access_token");
    let me = world.graph("me", access).await;
    assert_eq!(me.status, 200, "the signing key is the same: {me:?}");
    let again = world.refresh(token.text("refresh_token")).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(world.directory().settings().mode, Mode::Strict);
}

#[test]
fn a_token_that_was_answered_survives_a_kill_before_the_next_save() {
    let file = scratch("simulator-state-killed");
    let first = tokio::runtime::Runtime::new().unwrap();
    let (token, tenant, client) = first.block_on(async {
        let clock = Clock::system();
        let simulator = open(file.clone(), clock.clone()).await;
        let directory = simulator.directory();
        let tenant = directory
            .add_tenant(NewTenant::named("Contoso", "contoso.example"))
            .unwrap();
        directory.add_user(NewUser::admin(ADMIN, "Admin")).unwrap();
        let client = directory.put_app(app(required_access()));
        directory
            .grant_admin_consent("contoso.example", client, None)
            .unwrap();
        // Long enough for the directory to be saved, so that the token alone is new.
        tokio::time::sleep(Duration::from_millis(400)).await;
        let world = World {
            http: http(),
            simulator,
            tenant,
            client,
            clock,
        };
        let token = world.onboard().await.text("refresh_token").to_owned();
        (token, tenant, client)
    });
    // All tasks end where they are, as by a kill: nothing is saved any more.
    first.shutdown_timeout(Duration::from_secs(5));

    let second = tokio::runtime::Runtime::new().unwrap();
    second.block_on(async {
        let clock = Clock::system();
        let world = World {
            simulator: open(file, clock.clone()).await,
            http: http(),
            tenant,
            client,
            clock,
        };
        assert!(world.works(&token));
        assert_eq!(world.refresh(&token).await.status, 200);
    });
}

#[tokio::test]
async fn the_file_is_nobody_elses_to_read() {
    use std::os::unix::fs::PermissionsExt;
    let file = scratch("simulator-state-mode");
    let simulator = open(file.clone(), Clock::system()).await;
    simulator.shutdown().await;
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_file_that_is_no_state_stops_the_start() {
    let file = scratch("simulator-state-broken");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "{").unwrap();
    let refused = start(Options {
        state_file: Some(file),
        ..options(Clock::system(), Mode::Entra)
    })
    .await;
    let Err(error) = refused else {
        panic!("it started");
    };
    assert!(format!("{error:#}").contains("delete it to start over"));
}
