//! "Delete everything": what the destroyed keys sealed opens never again, wherever the rows come from.

use tenantry::keeper::message::{Refusal, Reply, Request};

use crate::support::keeper::{World, text};

#[tokio::test]
async fn rows_from_an_older_backup_do_not_open() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    for sql in [
        "create table backup_secrets as select * from connection_secrets",
        "create table backup_tokens as select * from tokens",
    ] {
        world.run_sql(sql).await;
    }
    let id = world.disconnect(true).await;
    world.until_done_later(&keeper, id).await;
    let (word, found) = world.outcome(id, "destroy").await;
    assert_eq!(word, "destroyed");
    assert!(found["data_keys"].as_u64().unwrap() >= 2, "{found}");
    let left = "select count(*) from data_keys where tenant_id is not null and (state <> 'destroyed' or wrapped <> '')";
    assert_eq!(world.number(left).await, 0);

    for sql in [
        "delete from connection_secrets",
        "insert into connection_secrets select * from backup_secrets",
        "delete from tokens",
        "insert into tokens select * from backup_tokens",
        "update connections set state = 'active'",
    ] {
        world.run_sql(sql).await;
    }
    // Neither the keeper that saw it happen nor one that starts now opens them.
    for _ in 0..2 {
        world
            .run_sql("update connections set state = 'active'")
            .await;
        let other = world.keeper().await;
        for asked in [&keeper, &other] {
            let answer = world.hand_out(asked).await;
            assert!(
                matches!(answer, Reply::Refused(Refusal::Quarantined)),
                "{answer:?}"
            );
        }
    }
    let refresh = Request::Refresh {
        tenant_id: world.tenant,
    };
    keeper.ask(refresh).await;
    world.until_state(connection, "quarantined").await;
}

#[tokio::test]
async fn links_of_invitations_open_no_more_either() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let invitation_id = world.invite("").await;
    let seal = Request::SealLink {
        tenant_id: world.tenant,
        invitation_id,
        token: text("inv_secret"),
    };
    let Reply::Sealed { ciphertext } = keeper.ask(seal).await else {
        panic!("it does not seal");
    };
    let id = world.disconnect(true).await;
    world.until_done_later(&keeper, id).await;
    sqlx::query("update invitations set token_sealed = $1")
        .bind(ciphertext)
        .execute(&world.pool)
        .await
        .unwrap();
    let open = Request::OpenLink {
        tenant_id: world.tenant,
        invitation_id,
    };
    assert!(matches!(
        keeper.ask(open).await,
        Reply::Refused(Refusal::Quarantined)
    ));
}

#[tokio::test]
async fn what_another_keeper_sealed_before_it_heard_is_sealed_anew() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let id = world.disconnect(true).await;
    // As if it was onboarded in this moment by a keeper that still held the old keys.
    world
        .run_sql("update connections set state = 'active'")
        .await;
    world.until_done_later(&keeper, id).await;
    let (word, _) = world.outcome(id, "destroy").await;
    assert_eq!(word, "destroyed");
    let answer = world.hand_out(&keeper).await;
    assert!(matches!(answer, Reply::HandedOut(_)), "{answer:?}");
    world.judge().await;
}

#[tokio::test]
async fn without_it_the_keys_stay() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let id = world.disconnect(false).await;
    world.until_done(&keeper, id).await;
    let destroyed = "select count(*) from data_keys where state = 'destroyed'";
    assert_eq!(world.number(destroyed).await, 0);
}
