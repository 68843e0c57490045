//! The private Postgres through everything that happens to programs: starting together, crashes, leftovers.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};
use tenantry::storage::private_postgres::{DATABASE, Options, PrivatePostgres, SUPERUSER};

use crate::support::program::tenantry;
use crate::support::scratch::{Scratch, server_of};

/// As in the product, with flushing and passwords.
async fn start(dir: &Path) -> PrivatePostgres {
    PrivatePostgres::start(options(dir, false)).await.unwrap()
}

/// Faster, where only the coming and going matters.
async fn start_volatile(dir: &Path) -> PrivatePostgres {
    PrivatePostgres::start(options(dir, true)).await.unwrap()
}

fn options(dir: &Path, volatile: bool) -> Options {
    let dir = dir.to_owned();
    Options { dir, volatile }
}

async fn connect(url: &SecretString) -> Result<PgConnection, sqlx::Error> {
    PgConnection::connect(url.expose_secret()).await
}

/// Leave something to be found again.
async fn remember(postgres: &PrivatePostgres) {
    let mut connection = connect(&postgres.url(SUPERUSER, DATABASE)).await.unwrap();
    connection
        .execute("create table if not exists memory (at int)")
        .await
        .unwrap();
    connection
        .execute("insert into memory values (1)")
        .await
        .unwrap();
}

async fn remembered(postgres: &PrivatePostgres) -> i64 {
    let mut connection = connect(&postgres.url(SUPERUSER, DATABASE)).await.unwrap();
    sqlx::query_scalar("select count(*) from memory")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

fn server(dir: &Path) -> Option<Pid> {
    server_of(&dir.join("data"))
}

/// `kill -9`, and wait until it shows.
async fn kill(pid: Pid, gone: impl Fn() -> bool) {
    kill_process(pid, Signal::KILL).unwrap();
    for _ in 0..500 {
        if gone() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("process {pid:?} survived kill -9");
}

fn answers(postgres: &PrivatePostgres) -> bool {
    std::os::unix::net::UnixStream::connect(postgres.socket_dir().join(".s.PGSQL.5432")).is_ok()
}

#[tokio::test]
async fn it_starts_fresh_and_again_and_keeps_its_data() {
    let scratch = Scratch::new();
    let dir = scratch.path().join("postgres");
    let first = start(&dir).await;
    remember(&first).await;
    let password = first.url("portal_web", DATABASE);
    first.stop().await;
    assert_eq!(server(&dir), None, "the last user stops the server");

    let second = start(&dir).await;
    assert_eq!(remembered(&second).await, 1);
    assert_eq!(
        second.url("portal_web", DATABASE).expose_secret(),
        password.expose_secret()
    );
    second.stop().await;
}

#[tokio::test]
async fn each_login_needs_its_password_and_may_little() {
    let scratch = Scratch::new();
    let postgres = start(scratch.path()).await;
    for role in [
        "portal_migrate",
        "portal_web",
        "portal_keeper",
        "portal_ops",
        "portal_backup",
    ] {
        let file = fs::metadata(scratch.path().join("credentials").join(role)).unwrap();
        assert_eq!(file.permissions().mode() & 0o7777, 0o400, "{role}");

        let url = postgres.url(role, DATABASE);
        connect(&url).await.unwrap();
        let without: String = {
            let url = url.expose_secret();
            let (scheme, rest) = url.split_once(&format!("{role}:")).unwrap();
            let (_, host) = rest.split_once('@').unwrap();
            format!("{scheme}{role}@{host}")
        };
        assert!(
            connect(&without.into()).await.is_err(),
            "{role} came in without a password"
        );
    }
    let mut web = connect(&postgres.url("portal_web", DATABASE))
        .await
        .unwrap();
    for forbidden in [
        "create table mine (a int)",
        "create temporary table mine (a int)",
        "create role mine",
        "set role portal_owner",
    ] {
        assert!(web.execute(forbidden).await.is_err(), "{forbidden}");
    }
    let log = fs::read_to_string(scratch.path().join("server.log")).unwrap();
    let password = fs::read_to_string(scratch.path().join("credentials/portal_web")).unwrap();
    assert!(!log.contains(&password));
    drop(web);
    postgres.stop().await;
}

#[tokio::test]
async fn a_lost_password_file_is_made_anew_even_while_the_server_runs() {
    let scratch = Scratch::new();
    let first = start(scratch.path()).await;
    let old = first.url("portal_web", DATABASE);
    fs::remove_file(scratch.path().join("credentials/portal_web")).unwrap();
    let second = start(scratch.path()).await;
    connect(&second.url("portal_web", DATABASE)).await.unwrap();
    assert!(connect(&old).await.is_err());
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_at_once_share_one_server_and_the_last_stops_it() {
    let scratch = Scratch::new();
    let dir = scratch.path().to_owned();
    let starts = (0..8).map(|_| {
        let dir = dir.clone();
        tokio::spawn(async move { start_volatile(&dir).await })
    });
    let mut all: Vec<PrivatePostgres> = Vec::new();
    for started in starts.collect::<Vec<_>>() {
        all.push(started.await.unwrap());
    }
    let last = all.pop().unwrap();
    for postgres in all {
        postgres.stop().await;
    }
    remember(&last).await;
    last.stop().await;
    assert_eq!(server(&dir), None);
}

#[tokio::test]
async fn a_server_killed_under_us_is_started_again_with_its_data() {
    let scratch = Scratch::new();
    let first = start(scratch.path()).await;
    remember(&first).await;
    kill(server(scratch.path()).unwrap(), || !answers(&first)).await;

    let second = start(scratch.path()).await;
    assert_eq!(remembered(&second).await, 1);
    drop(first);
    assert!(answers(&second), "the first is not the last user");
    second.stop().await;
    assert_eq!(server(scratch.path()), None);
}

#[tokio::test]
async fn a_program_killed_leaves_a_server_that_the_next_one_joins_and_stops() {
    let scratch = Scratch::new();
    let dir = scratch.path().join("postgres");
    let here = start(&dir).await;
    // The other program will wait for the migrator's lock, so that it can be killed at leisure.
    let mut gate = connect(&here.url("portal_migrate", DATABASE))
        .await
        .unwrap();
    gate.execute("select pg_advisory_lock(x'74656e616e747279'::bigint)")
        .await
        .unwrap();
    let mut there = tenantry()
        .arg("migrate")
        .env("TENANTRY_DATA_DIR", scratch.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut look = connect(&here.url(SUPERUSER, DATABASE)).await.unwrap();
    for _ in 0..500 {
        let waiting: bool = sqlx::query_scalar(
            "select exists (select from pg_locks where locktype = 'advisory' and not granted)",
        )
        .fetch_one(&mut look)
        .await
        .unwrap();
        if waiting {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let orphan = server(&dir);
    here.stop().await;
    assert_eq!(
        server(&dir),
        orphan,
        "the other program still uses the server"
    );

    there.kill().unwrap();
    there.wait().unwrap();
    assert!(
        test_kill_process(orphan.unwrap()).is_ok(),
        "kill -9 of a program spares the server"
    );
    let next = start(&dir).await;
    assert_eq!(server(&dir), orphan, "joined, not started anew");
    drop((gate, look));
    next.stop().await;
    assert_eq!(server(&dir), None);
}

#[tokio::test]
async fn leftovers_of_a_crash_do_not_stop_a_start_volatile() {
    let scratch = Scratch::new();
    let dir = scratch.path();
    let first = start_volatile(dir).await;
    let socket_lock = first.socket_dir().join(".s.PGSQL.5432.lock");
    remember(&first).await;
    first.stop().await;
    // A process number that by now is somebody else's: here our own.
    let stale = format!(
        "{}\n{}\n0\n5432\n",
        std::process::id(),
        dir.join("data").display()
    );
    fs::write(dir.join("data/postmaster.pid"), &stale).unwrap();
    fs::write(&socket_lock, &stale).unwrap();
    // And an initdb that was killed.
    fs::create_dir(dir.join("data.new.abc")).unwrap();

    let second = start_volatile(dir).await;
    assert_eq!(remembered(&second).await, 1);
    second.stop().await;
}

#[tokio::test]
async fn an_initdb_killed_half_way_is_done_again() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path().join("data.new.abc")).unwrap();
    let postgres = start_volatile(scratch.path()).await;
    assert!(!scratch.path().join("data.new.abc").exists());
    postgres.stop().await;
}

#[tokio::test]
async fn a_path_longer_than_a_socket_address_works() {
    let scratch = Scratch::new();
    let dir = scratch.path().join("a".repeat(120)).join("postgres");
    let postgres = start_volatile(&dir).await;
    assert!(!postgres.socket_dir().starts_with(scratch.path()));
    remember(&postgres).await;
    let socket_dir = postgres.socket_dir().to_owned();
    postgres.stop().await;
    assert!(!socket_dir.exists(), "nothing stays outside the directory");
}

#[tokio::test]
async fn a_path_with_everything_that_shells_and_addresses_mind_works() {
    let scratch = Scratch::new();
    let postgres =
        start_volatile(&scratch.path().join("o'neil, \"inc\" & `söhne` $HOME %20+")).await;
    remember(&postgres).await;
    connect(&postgres.url("portal_web", DATABASE))
        .await
        .unwrap();
    postgres.stop().await;
}

#[tokio::test]
async fn a_directory_with_something_else_in_it_is_left_alone() {
    let scratch = Scratch::new();
    let data = scratch.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("letter.txt"), "dear reader").unwrap();
    let options = options(scratch.path(), true);
    let error = PrivatePostgres::start(options).await.unwrap_err();
    assert!(
        error.to_string().contains("holds no Postgres cluster"),
        "{error}"
    );
    assert!(data.join("letter.txt").exists());
}

#[tokio::test]
async fn data_of_a_version_that_is_not_installed_says_which_to_install() {
    let scratch = Scratch::new();
    let data = scratch.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let options = options(scratch.path(), true);
    let error = PrivatePostgres::start(options).await.unwrap_err();
    assert!(error.to_string().contains("install version 9"), "{error}");
}
