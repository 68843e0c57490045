//! A restore that is stopped anywhere goes on, and nothing serves before it came to its end.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use tenantry::storage::{BootCheck, BootCheckError, Expect, boot_check};

use super::stage::Stage;
use crate::support::program::run;

/// `restore`, killed after so many lines; true when it was done before.
fn killed_after(stage: &Stage, lines: usize, arguments: &[&str]) -> bool {
    let mut child = stage
        .tenantry(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines();
    said.take(lines).for_each(|line| drop(line.unwrap()));
    let _ = child.kill();
    child.wait().unwrap().success()
}

async fn may_serve(stage: &Stage, role: &'static str) -> bool {
    let pool = if role == "portal_web" {
        stage.world.db.web()
    } else {
        stage.world.db.keeper()
    };
    let checked = boot_check(
        &pool,
        Expect {
            role,
            volatile: true,
        },
    )
    .await;
    pool.close().await;
    match checked {
        Ok(()) => true,
        Err(BootCheckError::Unfit(wrong)) => {
            assert_eq!(wrong, [BootCheck::Restored]);
            false
        }
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_killed_after_any_step_goes_on_and_nothing_serves_before_its_end() {
    let mut stage = Stage::new().await;
    let (file, _) = stage.backup();
    assert!(may_serve(&stage, "portal_web").await);
    let file = file.to_str().unwrap();
    stage.lose_the_database().await;
    assert!(!killed_after(&stage, 3, &["restore", file]));
    for lines in [2, 4, 9, 11] {
        stage.end_sessions().await;
        for role in ["portal_web", "portal_keeper"] {
            assert!(!may_serve(&stage, role).await, "{role} after {lines}");
        }
        killed_after(&stage, lines, &["restore", "--finish"]);
    }
    stage.end_sessions().await;
    if !may_serve(&stage, "portal_web").await {
        let finished = stage.done(&["restore", "--finish"]);
        assert!(finished.out.contains("(done before)"), "{}", finished.out);
    }
    assert!(may_serve(&stage, "portal_web").await && may_serve(&stage, "portal_keeper").await);
    assert_eq!(stage.number("select count(*) from restore_steps").await, 15);
    let again = run(&mut stage.tenantry(&["restore", "--finish"]));
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.err.contains("nothing to finish"), "{}", again.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_or_busy_database_is_not_overwritten_unasked() {
    let mut stage = Stage::new().await;
    let (file, _) = stage.backup();
    let file = file.to_str().unwrap();
    stage.number("select count(*) from tenants").await;
    let busy = run(&mut stage.tenantry(&["restore", file, "--replace"]));
    assert_eq!(busy.code, 1, "{busy:?}");
    assert!(busy.err.contains("is in use by"), "{}", busy.err);
    stage.end_sessions().await;
    let full = run(&mut stage.tenantry(&["restore", file]));
    assert_eq!(full.code, 1, "{full:?}");
    assert!(full.err.contains("say --replace"), "{}", full.err);
    assert_eq!(stage.number("select count(*) from tenants").await, 1);
    stage.end_sessions().await;
    stage.done(&["restore", file, "--replace"]);
    assert_eq!(stage.number("select count(*) from tenants").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_revocation_log_a_restore_begins_only_when_told_so() {
    let mut stage = Stage::new().await;
    let tenant = stage.world.tenant;
    stage
        .sql(
            "update tenants set state = 'suspended' where id = $1",
            tenant,
        )
        .await;
    stage
        .sql("update tenants set state = 'active' where id = $1", tenant)
        .await;
    stage.export().await;
    let (file, _) = stage.backup();
    let file = file.to_str().unwrap();
    stage.lose_the_database().await;
    let kept = std::fs::read(stage.log()).unwrap();
    std::fs::remove_file(stage.log()).unwrap();
    let missing = run(&mut stage.tenantry(&["restore", file]));
    assert_eq!(missing.code, 1, "{missing:?}");
    assert!(
        missing.err.contains("--without-revocation-log"),
        "{}",
        missing.err
    );

    // Another installation's, or one that was cut: it lacks what the backup knows.
    std::fs::write(stage.log(), "").unwrap();
    let foreign = run(&mut stage.tenantry(&["restore", file]));
    assert_eq!(foreign.code, 1, "{foreign:?}");
    assert!(
        foreign.err.contains("another installation's"),
        "{}",
        foreign.err
    );
    assert!(!may_serve(&stage, "portal_web").await);

    let named = stage.dir.path().join("from-the-other-host.jsonl");
    std::fs::write(&named, kept).unwrap();
    std::fs::remove_file(stage.log()).unwrap();
    stage.done(&[
        "restore",
        "--finish",
        "--revocation-log",
        named.to_str().unwrap(),
    ]);
    assert!(may_serve(&stage, "portal_web").await);
    assert!(stage.log().exists(), "the installation goes on with it");

    stage.lose_the_database().await;
    std::fs::remove_file(stage.log()).unwrap();
    let told = stage.done(&["restore", file, "--without-revocation-log", "--json"]);
    assert!(told.out.contains("without_log"), "{}", told.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_database_is_not_backed_up() {
    let stage = Stage::new().await;
    sqlx::query("delete from installation_state")
        .execute(&stage.world.pool)
        .await
        .unwrap();
    let out = stage.dir.path().to_str().unwrap();
    let refused = run(&mut stage.tenantry(&["backup", "--out", out]));
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("restore --finish"), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_writes_each_revocation_once_and_notices_a_file_that_is_gone() {
    let stage = Stage::new().await;
    let lines = || {
        std::fs::read_to_string(stage.log())
            .unwrap()
            .lines()
            .count()
    };
    assert_eq!((stage.export().await, lines()), (0, 0));
    let tenant = stage.world.tenant;
    stage
        .sql(
            "update tenants set state = 'suspended' where id = $1",
            tenant,
        )
        .await;
    assert_eq!((stage.export().await, lines()), (1, 1));
    assert_eq!((stage.export().await, lines()), (0, 1));
    let line = std::fs::read_to_string(stage.log()).unwrap();
    assert!(
        line.contains("\"kind\":\"tenant\"") && !line.contains("contoso"),
        "{line}"
    );
    std::fs::remove_file(stage.log()).unwrap();
    stage.export().await;
    assert!(stage.log().exists());
}
