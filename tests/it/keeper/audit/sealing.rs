//! Sealing: soon, in one chain, whoever seals and however it dies.

use std::time::Duration;

use sqlx::Connection;
use tenantry::keeper::audit::read_checkpoints;

use super::{until_sealed, until_vouched, verify, words, write};
use crate::support::keeper::World;

#[tokio::test]
async fn rows_are_sealed_soon_after_they_are_written() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    write(&world, 20).await;
    // By a machine that has other things to do too.
    tokio::time::timeout(Duration::from_secs(10), until_sealed(&world))
        .await
        .unwrap();
    let sealed = world.number("select max(seq) from audit_seals").await;
    let written = world.number("select count(*) from audit_events").await;
    assert_eq!(sealed, written);
    let report = verify(&world, &[]).await;
    assert_eq!(words(&report), [""; 0]);
    assert_eq!((report.rows, report.waiting), (written, 0));
    keeper.stop().await;
}

#[tokio::test]
async fn what_is_sealed_is_not_read_again() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    write(&world, 3000).await;
    until_sealed(&world).await;
    // A session hands in its statistics when it ends, which is a moment after its client is gone.
    let sessions = "select count(*) from pg_stat_activity
        where datname = current_database() and usename = 'portal_keeper'";
    keeper.stop().await;
    world.until_number(sessions, 0).await;
    let read =
        "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_user_tables
        where relname ~ '^audit_events'";
    let before = world.number(read).await;
    let keeper = world.keeper().await;
    for _ in 0..5 {
        write(&world, 20).await;
        until_sealed(&world).await;
    }
    keeper.stop().await;
    world.until_number(sessions, 0).await;
    let rows = world.number(read).await - before;
    assert!((100..1000).contains(&rows), "{rows} read to seal 100");
}

#[tokio::test]
async fn what_waits_and_is_gone_holds_up_nobody() {
    let mut world = World::new().await;
    world.settings.audit_checkpoint_rows = 10;
    let keeper = world.keeper().await;
    // As after somebody deleted what they did before it was sealed; more of it than one turn takes.
    sqlx::query("insert into audit_unsealed select -n, now() - interval '1 day' from generate_series(1, 30) as n")
        .execute(&world.pool)
        .await
        .unwrap();
    write(&world, 50).await;
    let sealed = "select count(*) from audit_seals s join audit_events e on e.id = s.event_id where e.action = 'tenant.edited'";
    world.until_number(sealed, 50).await;
    keeper.stop().await;
    let found = words(&verify(&world, &[]).await);
    assert!(
        found.len() == 1 && found[0].contains("deleted before it was sealed"),
        "{found:?}"
    );
}

#[tokio::test]
async fn several_keepers_make_one_chain() {
    let world = World::new().await;
    let keepers = [
        world.keeper().await,
        world.keeper().await,
        world.keeper().await,
    ];
    for _ in 0..10 {
        write(&world, 150).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    until_sealed(&world).await;
    let report = verify(&world, &[]).await;
    assert_eq!(words(&report), [""; 0]);
    assert!(report.rows >= 1500, "{report:?}");
    for keeper in keepers {
        keeper.stop().await;
    }
}

#[tokio::test]
async fn a_keeper_that_dies_while_sealing_leaves_a_whole_chain() {
    let world = World::new().await;
    for _ in 0..6 {
        let keeper = world.keeper().await;
        write(&world, 700).await;
        tokio::time::sleep(Duration::from_millis(37)).await;
        keeper.kill();
        world.end_keepers_sessions().await;
        assert_eq!(words(&verify(&world, &[]).await), [""; 0]);
    }
    let keeper = world.keeper().await;
    until_sealed(&world).await;
    let report = verify(&world, &[]).await;
    assert_eq!(words(&report), [""; 0]);
    assert!(report.rows >= 4200, "{report:?}");
    keeper.stop().await;
}

#[tokio::test]
async fn a_row_with_a_lower_number_that_is_committed_later_is_sealed_too() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let sql = "insert into audit_events (at, actor_type, actor_name, action) values (now(), 'worker', 'late', 'late.act')";
    let web = world.db.web();
    let mut slow = web.acquire().await.unwrap();
    let mut late = slow.begin().await.unwrap();
    sqlx::query(sql).execute(&mut *late).await.unwrap();
    // A number that is never used at all.
    let mut lost = web.begin().await.unwrap();
    sqlx::query(sql).execute(&mut *lost).await.unwrap();
    lost.rollback().await.unwrap();
    write(&world, 5).await;
    until_sealed(&world).await;
    late.commit().await.unwrap();
    until_sealed(&world).await;
    let report = verify(&world, &[]).await;
    assert_eq!(words(&report), [""; 0]);
    let order = "select (select seq from audit_seals s join audit_events e on e.id = s.event_id where e.action = 'late.act')
        - (select max(seq) from audit_seals s join audit_events e on e.id = s.event_id where e.action = 'tenant.edited')";
    assert_eq!(world.number(order).await, 1);
    keeper.stop().await;
}

#[tokio::test]
async fn checkpoints_are_made_by_time_and_by_rows_and_leave_the_database() {
    let mut world = World::new().await;
    let file = world.key_file.with_file_name("checkpoints.jsonl");
    world.settings.audit_checkpoint_file = Some(file.clone());
    world.settings.audit_checkpoint_rows = 100;
    let keeper = world.keeper().await;
    write(&world, 1050).await;
    until_sealed(&world).await;
    // The very first is due at once, after however many rows were there by then.
    let by_rows =
        "select count(*) from (select seq - lag(seq, 1, 0::bigint) over (order by number) as rows
        from audit_checkpoints) as c where rows = 100";
    let by_rows = world.number(by_rows).await;
    assert!(by_rows >= 10, "{by_rows}");
    keeper.stop().await;

    world.settings.audit_checkpoint_every = Duration::from_millis(300);
    let keeper = world.keeper().await;
    until_vouched(&world).await;
    keeper.stop().await;
    let kept = read_checkpoints(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let stored = world.number("select count(*) from audit_checkpoints").await;
    assert_eq!(i64::try_from(kept.len()).unwrap(), stored);
    let report = verify(&world, &kept).await;
    assert_eq!(words(&report), [""; 0]);
    assert_eq!(report.outside, kept.len());
}

#[tokio::test]
async fn every_column_of_a_row_is_sealed() {
    let world = World::new().await;
    let mut columns: Vec<String> = sqlx::query_scalar(
        "select column_name::text from information_schema.columns where table_name = 'audit_events'",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    columns.sort();
    let mut sealed = tenantry::keeper::audit::Row::COLUMNS.to_vec();
    sealed.sort_unstable();
    assert_eq!(columns, sealed);
}

#[tokio::test]
async fn nobody_may_change_what_was_written() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    write(&world, 3).await;
    until_sealed(&world).await;
    keeper.stop().await;
    let partition: String =
        sqlx::query_scalar("select tableoid::regclass::text from audit_events limit 1")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    for sql in [
        "update audit_events set actor_name = 'x'".to_owned(),
        "delete from audit_events".to_owned(),
        "truncate audit_events".to_owned(),
        format!("update {partition} set actor_name = 'x'"),
        format!("delete from {partition}"),
        format!("truncate {partition}"),
        "update audit_seals set event_id = 7".to_owned(),
        "delete from audit_seals".to_owned(),
        "truncate audit_seals".to_owned(),
        "update audit_checkpoints set seq = 0".to_owned(),
        "truncate audit_checkpoints".to_owned(),
    ] {
        for pool in [world.db.web(), world.db.keeper(), world.pool.clone()] {
            let refused = sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
                .execute(&pool)
                .await
                .expect_err(&sql);
            let why = refused.to_string();
            assert!(
                why.contains("append only") || why.contains("permission denied"),
                "{sql}: {why}"
            );
        }
    }
    for sql in [
        "insert into audit_seals values (9, 9, now(), now(), '', '')",
        "insert into audit_unsealed values (9, now())",
        "delete from audit_unsealed",
        "update audit_chain set seq = 0",
        "select mac_ct from audit_keys",
    ] {
        let refused = sqlx::query(sql).execute(&world.db.web()).await;
        let why = refused.expect_err(sql).to_string();
        assert!(why.contains("permission denied"), "{sql}: {why}");
    }
}

#[tokio::test]
async fn the_chains_keys_move_with_the_data_keys() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    write(&world, 5).await;
    until_sealed(&world).await;
    keeper.stop().await;
    let old = "update data_keys set state = 'decrypt', created_at = created_at - interval '92 days' where purpose = 'audit'";
    sqlx::query(old).execute(&world.pool).await.unwrap();
    let keeper = world.keeper().await;
    let destroyed =
        "select count(*) from data_keys where purpose = 'audit' and state = 'destroyed'";
    world.until_number(destroyed, 1).await;
    write(&world, 5).await;
    until_sealed(&world).await;
    assert_eq!(words(&verify(&world, &[]).await), [""; 0]);
    keeper.stop().await;
}
