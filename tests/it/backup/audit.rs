//! The audit log after a restore: it goes on from the backup, and checkpoints kept elsewhere are told from rows cut off.

use std::time::Duration;

use tenantry::keeper::audit::{Checkpoint, read_checkpoints};

use super::stage::Stage;
use crate::keeper::audit::{until_sealed, until_vouched, verify, words, write};

/// So many rows, sealed and vouched for in the file.
async fn live(stage: &Stage, rows: i32) -> Vec<Checkpoint> {
    let keeper = stage.world.keeper().await;
    write(&stage.world, rows).await;
    until_sealed(&stage.world).await;
    until_vouched(&stage.world).await;
    keeper.stop().await;
    let file = stage.world.settings.audit_checkpoint_file.as_ref().unwrap();
    read_checkpoints(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_with_the_database_does_not_look_like_rows_cut_off() {
    let mut stage = Stage::new().await;
    stage.world.settings.audit_checkpoint_file = Some(stage.dir.path().join("checkpoints.jsonl"));
    stage.world.settings.audit_checkpoint_every = Duration::from_millis(200);
    live(&stage, 20).await;
    let (file, _) = stage.backup();
    let seal = stage.number("select seq from audit_chain").await;
    let before = live(&stage, 30).await;
    let lost = before.last().unwrap().seq;
    assert!(lost > seal);
    let found = stage.comes_back(&file).await;
    assert_eq!(found["audit"]["after"], seal);
    // New rows take the places of those that were lost, in the same file of checkpoints.
    let outside = live(&stage, 40).await;
    assert!(outside.len() > before.len());
    let report = verify(&stage.world, &outside).await;
    assert_eq!(words(&report), [""; 0]);
    let part = &report.restored[0];
    assert_eq!((part.checkpoint.seq, part.lost_until), (seal, lost));
    assert!(part.void > 0 && report.restored.len() == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_set_back_past_the_restore_is_still_found_out() {
    let mut stage = Stage::new().await;
    stage.world.settings.audit_checkpoint_file = Some(stage.dir.path().join("checkpoints.jsonl"));
    stage.world.settings.audit_checkpoint_every = Duration::from_millis(200);
    live(&stage, 20).await;
    let seal = stage.number("select seq from audit_chain").await;
    let outside = live(&stage, 30).await;
    // As somebody would who can write everything but knows no key.
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "set session_replication_role = replica;
         delete from audit_events e using audit_seals s where s.event_id = e.id and s.event_at = e.at and s.seq > {seal};
         delete from audit_seals where seq > {seal};
         delete from audit_checkpoints where seq > {seal};
         update audit_checkpoints set kind = 'restored' where number = (select max(number) from audit_checkpoints);
         update audit_chain set seq = {seal}, hash = (select hash from audit_seals where seq = {seal}),
           checkpoint = (select max(number) from audit_checkpoints), checkpoint_seq = {seal}"
    )))
    .execute(&stage.world.pool)
    .await
    .unwrap();
    let report = verify(&stage.world, &outside).await;
    let words = words(&report).join("\n");
    assert!(words.contains("rows were cut off at the end"), "{words}");
    assert!(words.contains("it was changed or removed"), "{words}");
}
