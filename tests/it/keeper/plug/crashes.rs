//! A keeper that dies in the middle of a step: another one goes on, and each step is written once.

use std::time::Duration;

use super::{APPLICATION, GRANTS};
use crate::support::keeper::World;

/// The commit of the step waits for a lock that the test holds; the keeper dies there, and nothing of the step stays.
#[tokio::test]
async fn whatever_step_it_dies_in_another_keeper_ends_it() {
    for step in ["revoke", "prove", "forget", "destroy"] {
        let world = World::new().await;
        world.ask_for(&[GRANTS, APPLICATION]);
        let keeper = world.keeper().await;
        world.onboard(&keeper).await;
        world
            .run_sql("create function hold() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock(77); return new; end'")
            .await;
        let trigger = format!(
            "create trigger hold before insert on disconnection_steps for each row when (new.step = '{step}') execute function hold()"
        );
        sqlx::query(sqlx::AssertSqlSafe(trigger))
            .execute(&world.pool)
            .await
            .unwrap();
        let mut held = world.pool.begin().await.unwrap();
        sqlx::query("select pg_advisory_xact_lock(77)")
            .execute(&mut *held)
            .await
            .unwrap();
        let id = world.disconnect(true).await;
        world.clock.advance(Duration::from_secs(10));
        let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted";
        let waits = async {
            while world.number(waiting).await == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waits)
            .await
            .expect("the keeper comes to the step");
        keeper.kill();
        world
            .run_sql("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted")
            .await;
        held.rollback().await.unwrap();
        let so_far = world
            .text("select step from disconnections where id = $1", id)
            .await;
        assert_eq!(so_far, step, "nothing of the step was committed");
        // Its lease ends by the database's clock.
        world
            .run_sql("update disconnections set lease_until = now() - interval '1 second'")
            .await;

        let keeper = world.keeper().await;
        world.until_done(&keeper, id).await;
        let steps = "select count(*) from disconnection_steps";
        assert_eq!(world.number(steps).await, 4, "died in {step}");
        let (word, found) = world.outcome(id, "revoke").await;
        assert_eq!(word, "removed", "died in {step}: {found}");
        assert_eq!(world.outcome(id, "prove").await.0, "gone", "died in {step}");
        assert_eq!(world.sealed().await, 0);
    }
}

/// Two keepers at once do each step once.
#[tokio::test]
async fn several_keepers_share_the_work() {
    let world = World::new().await;
    let first = world.keeper().await;
    let second = world.keeper().await;
    world.onboard(&first).await;
    let id = world.disconnect(false).await;
    world.until_done(&first, id).await;
    let steps = "select count(*) from disconnection_steps";
    assert_eq!(world.number(steps).await, 3);
    let audit = "select count(*) from audit_events where action = 'disconnection.done'";
    assert_eq!(world.number(audit).await, 1);
    drop(second);
}
