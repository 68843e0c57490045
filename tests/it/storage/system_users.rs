//! The private Postgres as different system users. Most of it can only be seen by root, as which containers and CI run;
//! as anybody else the rest of the suite shows the ordinary case.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::support::program::{Run, run, tenantry, tenantry_copied_to};
use crate::support::scratch::{Scratch, server_of};

/// `nobody`, an account without rights of its own on every Debian.
const NOBODY: u32 = 65534;

fn are_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn migrate(mut program: Command, dir: &std::path::Path) -> Run {
    run(program.arg("migrate").env("TENANTRY_DATA_DIR", dir))
}

fn as_nobody(scratch: &Scratch) -> Command {
    let mut program = tenantry_copied_to(&scratch.path().join("tenantry"));
    program.uid(NOBODY).gid(NOBODY);
    program
}

#[test]
fn it_works_for_whoever_runs_the_tests() {
    let scratch = Scratch::new();
    let dir = scratch.path().join("data directory");
    for _ in 0..2 {
        let done = migrate(tenantry(), &dir);
        assert_eq!(done.code, 0, "{}", done.err);
        assert!(
            done.out.starts_with("The database is at migration "),
            "{}",
            done.out
        );
    }
    assert_eq!(server_of(&dir.join("postgres/data")), None);
}

#[test]
fn an_ordinary_user_and_root_share_the_users_cluster() {
    if !are_root() {
        return;
    }
    let scratch = Scratch::new();
    let dir = scratch.path().join("home");
    fs::create_dir(&dir).unwrap();
    std::os::unix::fs::chown(&dir, Some(NOBODY), Some(NOBODY)).unwrap();
    for program in [as_nobody(&scratch), tenantry(), as_nobody(&scratch)] {
        let done = migrate(program, &dir);
        assert_eq!(done.code, 0, "{}", done.err);
    }
    let cluster = dir.join("postgres");
    for made in [
        "",
        "data",
        "data/portal.conf",
        "credentials/portal_web",
        "start.lock",
        "server.log",
    ] {
        let owner = fs::metadata(cluster.join(made)).unwrap().uid();
        assert_eq!(owner, NOBODY, "{made}");
    }
}

#[test]
fn an_ordinary_user_is_told_whose_the_directory_is() {
    if !are_root() {
        return;
    }
    let scratch = Scratch::new();
    let dir = scratch.path().join("of root");
    assert_eq!(migrate(tenantry(), &dir).code, 0);
    let refused = migrate(as_nobody(&scratch), &dir);
    assert_eq!(refused.code, 1);
    assert!(
        refused.err.contains("belongs to another user"),
        "{}",
        refused.err
    );
}

#[test]
fn root_is_told_when_postgres_account_cannot_enter() {
    if !are_root() {
        return;
    }
    let scratch = Scratch::new();
    let closed = scratch.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let refused = migrate(tenantry(), &closed.join("data"));
    assert_eq!(refused.code, 1);
    assert!(
        refused.err.contains("cannot work in") && refused.err.contains("/var/lib/tenantry"),
        "{}",
        refused.err
    );
}

#[test]
fn postgres_that_is_not_where_it_was_said_to_be_is_named() {
    let scratch = Scratch::new();
    let refused = run(tenantry()
        .arg("migrate")
        .env("TENANTRY_DATA_DIR", scratch.path())
        .env("TENANTRY_PG_BIN", "/nonexistent"));
    assert_eq!(refused.code, 1);
    assert!(
        refused.err.contains("TENANTRY_PG_BIN names /nonexistent"),
        "{}",
        refused.err
    );
}
