//! Retention: whole months go, and what is left is still a chain that somebody signed for.

use tenantry::keeper::audit::Wrong;

use super::{until_sealed, verify, words, write};
use crate::support::keeper::World;

/// Rows of long ago: sealed now, as after an upgrade, and those of a real past, sealed then.
async fn long_ago(world: &World) {
    for sql in [
        "select ensure_audit_months((now() - interval '700 days')::date, now()::date)",
        "insert into audit_events (at, actor_type, actor_name, action)
         select now() - interval '700 days' + n * interval '1 day', 'worker', 'old', 'old.act' from generate_series(1, 300) as n",
    ] {
        sqlx::query(sql).execute(&world.pool).await.unwrap();
    }
}

#[tokio::test]
async fn months_past_their_time_are_dropped_and_the_rest_still_verifies() {
    let mut world = World::new().await;
    world.settings.audit_tend_pause = std::time::Duration::from_millis(200);
    long_ago(&world).await;
    let keeper = world.keeper().await;
    let old = "select count(*) from audit_events where at < date_trunc('month', now() - interval '400 days')";
    for _ in 0..200 {
        if world.number(old).await == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(world.number(old).await, 0);
    let entry = "select count(*) from audit_events where action = 'audit.months_dropped'";
    write(&world, 5).await;
    until_sealed(&world).await;
    assert!(world.number(entry).await >= 1);
    let report = verify(&world, &[]).await;
    assert_eq!(words(&report), [""; 0]);
    assert!(report.past > 200, "{report:?}");
    let cut = report.cut.unwrap();
    assert_eq!(cut.seq, 0, "seals of this month stay");
    keeper.stop().await;
}

/// What no test can wait for: seals that are themselves a year old.
#[tokio::test]
async fn seals_of_dropped_rows_go_with_them_and_the_chain_goes_on_from_the_cut() {
    let mut world = World::new().await;
    let keeper = world.keeper().await;
    write(&world, 40).await;
    until_sealed(&world).await;
    keeper.stop().await;
    // The rows, their seals and the months they lie in become old; the chain is made anew over them.
    for sql in [
        "select ensure_audit_seal_months((now() - interval '500 days')::date, now()::date)",
        "select ensure_audit_months((now() - interval '500 days')::date, now()::date)",
        "set session_replication_role = replica;
         update audit_events set at = at - interval '450 days'
           where id in (select id from audit_events order by id limit 30);
         delete from audit_seals; delete from audit_unsealed;
         insert into audit_unsealed select id, at from audit_events;
         update audit_chain set seq = 0, hash = decode(repeat('00', 32), 'hex'), sealed_at = 'epoch', checkpoint = 0,
           checkpoint_seq = 0, checkpoint_at = 'epoch';
         delete from audit_checkpoints; set session_replication_role = default",
    ] {
        sqlx::raw_sql(sql).execute(&world.pool).await.unwrap();
    }
    // The first thirty are sealed back then: the keeper asks the clock of another schema.
    sqlx::raw_sql(
        "create schema past; create function past.clock_timestamp() returns timestamptz language sql volatile as
           $$ select case when (select count(*) from public.audit_unsealed where event_at < now() - interval '400 days') > 0
              then pg_catalog.clock_timestamp() - interval '450 days' else pg_catalog.clock_timestamp() end $$;
         grant usage on schema past to public;
         do $$ begin execute format('alter role portal_keeper in database %I set search_path = past, pg_catalog, public',
           current_database()); end $$",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    world.settings.audit_checkpoint_rows = 30;
    let keeper = world.keeper().await;
    until_sealed(&world).await;
    keeper.stop().await;
    let old = "select count(*) from audit_seals where sealed_at < now() - interval '400 days'";
    assert_eq!(world.number(old).await, 30);
    world.settings.audit_tend_pause = std::time::Duration::from_millis(200);
    let keeper = world.keeper().await;
    for _ in 0..200 {
        if world.number(old).await == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(world.number(old).await, 0);
    write(&world, 5).await;
    until_sealed(&world).await;
    keeper.stop().await;
    let report = verify(&world, &[]).await;
    assert_eq!(words(&report), [""; 0]);
    assert_eq!(report.cut.as_ref().unwrap().seq, 30);
    assert_eq!(report.past, 0);

    // Behind the signed cut nothing may be taken away.
    sqlx::raw_sql(
        "set session_replication_role = replica; delete from audit_seals where seq = 31; set session_replication_role = default",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    let report = verify(&world, &[]).await;
    let gap = report.findings.iter().find(|one| one.wrong == Wrong::Gap);
    assert_eq!(
        gap.and_then(|gap| gap.seq),
        Some(31),
        "{:?}",
        words(&report)
    );
}

#[tokio::test]
async fn ninety_days_stay_whatever_is_asked() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    long_ago(&world).await;
    write(&world, 5).await;
    until_sealed(&world).await;
    keeper.stop().await;
    let sql = "select drop_audit_months((now() + interval '10 years')::date)";
    sqlx::query(sql).execute(&world.db.keeper()).await.unwrap();
    let young = "select count(*) from audit_events where at > now() - interval '90 days'";
    assert!(world.number(young).await >= 5);
    let refused = sqlx::query(sql).execute(&world.db.web()).await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("permission denied")
    );
}
