//! `tenantry keys escrow`: three shares, any two of which bring the master keys back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::program::{run, tenantry};
use crate::support::scratch::Scratch;

fn escrow(dir: &Path, key_file: &str, arguments: &[&str]) -> Command {
    let mut command = tenantry();
    command
        .current_dir(dir)
        .args(["keys", "escrow"])
        .args(arguments)
        .env("TENANTRY_DATA_DIR", dir)
        .env("TENANTRY_MASTER_KEY_FILE", dir.join(key_file));
    command
}

#[test]
fn every_pair_of_shares_makes_the_same_key_file() {
    let dir = Scratch::new();
    let here = dir.path();
    tenantry::keeper::create_key_file(&here.join("master.key")).unwrap();
    let split = run(&mut escrow(here, "master.key", &["split", "--out", "."]));
    assert_eq!(split.code, 0, "{split:?}");
    let share = |number: u8| format!("tenantry-share-{number}.txt");
    let whole = fs::read_to_string(here.join("master.key")).unwrap();
    let key = whole.split_whitespace().last().unwrap();
    for number in 1..=3 {
        let path = here.join(share(number));
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o400
        );
        assert!(!fs::read_to_string(&path).unwrap().contains(key));
        assert!(!split.out.contains(key) && !split.err.contains(key));
    }
    for (one, other) in [(1, 2), (2, 1), (1, 3), (3, 1), (2, 3), (3, 2)] {
        let (one, other) = (share(one), share(other));
        let back = format!("back-{one}-{other}.key");
        let made = run(&mut escrow(
            here,
            "master.key",
            &["recombine", &one, &other, "--out", &back],
        ));
        assert_eq!(made.code, 0, "{made:?}");
        assert_eq!(fs::read_to_string(here.join(&back)).unwrap(), whole);
        assert_eq!(
            fs::metadata(here.join(&back)).unwrap().permissions().mode() & 0o777,
            0o400
        );
        let checked = run(&mut escrow(here, "master.key", &["check", &one, &other]));
        assert_eq!(checked.code, 0, "{checked:?}");
    }
    let again = run(&mut escrow(here, "master.key", &["split", "--out", "."]));
    assert_eq!(again.code, 1, "shares are not replaced: {again:?}");
    let over = run(&mut escrow(
        here,
        "master.key",
        &["recombine", &share(1), &share(2)],
    ));
    assert_eq!(over.code, 78, "nor is a key file: {over:?}");
}

#[test]
fn shares_that_do_not_fit_say_so_and_make_nothing() {
    let dir = Scratch::new();
    let here = dir.path();
    tenantry::keeper::create_key_file(&here.join("master.key")).unwrap();
    tenantry::keeper::create_key_file(&here.join("other.key")).unwrap();
    for (key, out) in [("master.key", "a"), ("other.key", "b")] {
        fs::create_dir(here.join(out)).unwrap();
        assert_eq!(
            run(&mut escrow(here, key, &["split", "--out", out])).code,
            0
        );
    }
    dir.file("odd.txt", "tenantry-share whatever");
    for (one, other, said) in [
        ("a/tenantry-share-1.txt", "a/tenantry-share-1.txt", "twice"),
        (
            "a/tenantry-share-1.txt",
            "b/tenantry-share-2.txt",
            "different sets",
        ),
        ("a/tenantry-share-1.txt", "odd.txt", "copy it whole"),
        ("a/tenantry-share-1.txt", "absent.txt", "cannot be read"),
    ] {
        let refused = run(&mut escrow(
            here,
            "master.key",
            &["recombine", one, other, "--out", "made.key"],
        ));
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.err.contains(said), "{}", refused.err);
        assert!(!here.join("made.key").exists());
    }
    let stale = run(&mut escrow(
        here,
        "master.key",
        &["check", "b/tenantry-share-1.txt", "b/tenantry-share-2.txt"],
    ));
    assert_eq!(stale.code, 1, "{stale:?}");
    assert!(stale.err.contains("split anew"), "{}", stale.err);
}
