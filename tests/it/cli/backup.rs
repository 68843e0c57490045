//! Backup and restore with the private Postgres, and `serve` before and after.

use std::fs;

use serde_json::Value;

use super::processes::Installation;
use crate::support::program::run;

#[tokio::test(flavor = "multi_thread")]
async fn a_private_installation_is_backed_up_while_it_serves_and_serves_again_only_when_made_ready()
{
    let here = Installation::new();
    let backups = here.dir.path().join("backups");
    fs::create_dir(&backups).unwrap();
    let out = backups.to_str().unwrap();
    let serve = here.serve().await;
    let log = here.dir.path().join("revocations.jsonl");
    let waiting = async {
        while !log.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), waiting)
        .await
        .expect("the worker makes the file");
    let taken = run(here.command("backup").args(["--out", out, "--json"]));
    assert_eq!(taken.code, 0, "{taken:?}");
    let taken: Value = serde_json::from_str(&taken.out).unwrap();
    let file = taken["file"].as_str().unwrap().to_owned();
    let busy = run(here.command("restore").args([&file, "--replace"]));
    assert_eq!(busy.code, 1, "{busy:?}");
    assert!(busy.err.contains("already runs"), "{}", busy.err);
    serve.stop();

    let verified = run(here.command("backup").args(["verify", &file]));
    assert_eq!(verified.code, 0, "{verified:?}");
    assert!(verified.out.starts_with("Good: "), "{}", verified.out);

    // The disk is lost; keys, log and backups were kept elsewhere.
    fs::remove_dir_all(here.dir.path().join("postgres")).unwrap();
    fs::write(&log, "garbage\n").unwrap();
    let odd = run(here.command("restore").arg(&file));
    assert_eq!(odd.code, 1, "{odd:?}");
    assert!(
        odd.err.contains("line 1 of the revocation log"),
        "{}",
        odd.err
    );
    let refused = run(&mut here.command("serve"));
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.err.contains("run tenantry restore --finish"),
        "{}",
        refused.err
    );

    fs::write(&log, "").unwrap();
    let finished = run(here.command("restore").arg("--finish"));
    assert_eq!(finished.code, 0, "{finished:?}");
    assert!(finished.out.contains("[15/15]"), "{}", finished.out);
    let serve = here.serve().await;
    assert_eq!(serve.stop().code(), Some(0));
}
