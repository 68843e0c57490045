//! What ends by itself among the sealed.

use tenantry::keeper::message::{Reply, Request};
use tenantry::simulator::directory::Cause;
use uuid::Uuid;

use crate::support::keeper::{World, text};

async fn run(world: &World, sql: &'static str) {
    sqlx::query(sql).execute(&world.pool).await.unwrap();
}

#[tokio::test]
async fn records_leave_old_data_keys_which_are_then_destroyed() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let invitation_id = world.invite("").await;
    let question = Request::SealLink {
        tenant_id: world.tenant,
        invitation_id,
        token: text("inv_secret"),
    };
    let Reply::Sealed { ciphertext } = keeper.ask(question).await else {
        panic!("it does not seal");
    };
    sqlx::query("update invitations set token_sealed = $1 where id = $2")
        .bind(ciphertext)
        .bind(invitation_id)
        .execute(&world.pool)
        .await
        .unwrap();
    keeper.stop().await;
    let wrapped = "select count(*) from data_keys where purpose <> 'canary' and state = 'decrypt'";
    run(
        &world,
        "update data_keys set state = 'decrypt', created_at = created_at - interval '92 days' where purpose <> 'canary'",
    )
    .await;
    let old = world.number(wrapped).await;
    assert!(old >= 4, "connection, access token, link, app: {old}");
    let destroyed = "select count(*) from data_keys where state = 'destroyed' and wrapped = ''";

    let keeper = world.keeper().await;
    world.until_number(destroyed, old).await;
    assert_eq!(world.number(wrapped).await, 0);
    let logged = "select count(*) from audit_events where action = 'keys.destroy'";
    assert_eq!(world.number(logged).await, old);
    world.judge().await;
    let link = Request::OpenLink {
        tenant_id: world.tenant,
        invitation_id,
    };
    assert!(matches!(keeper.ask(link).await, Reply::Link { .. }));
    let refresh = Request::Refresh {
        tenant_id: world.tenant,
    };
    let answer = keeper.ask(refresh).await;
    assert!(matches!(answer, Reply::Refreshed { .. }), "{answer:?}");
    keeper.stop().await;
    // The app registration's secret is known again by its new fingerprint.
    world.keeper().await;
    let credentials = "select count(*) from app_credentials";
    assert_eq!(world.number(credentials).await, 1);
}

#[tokio::test]
async fn a_record_that_does_not_open_keeps_its_key() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    keeper.stop().await;
    for sql in [
        "update connection_secrets set ct_current = set_byte(ct_current, 60, get_byte(ct_current, 60) # 1)",
        "update data_keys set state = 'decrypt', created_at = created_at - interval '92 days'
         where purpose in ('connection', 'access_token')",
    ] {
        run(&world, sql).await;
    }
    let _keeper = world.keeper().await;
    let destroyed =
        "select count(*) from data_keys where purpose = 'access_token' and state = 'destroyed'";
    world.until_number(destroyed, 1).await;
    let kept = "select count(*) from data_keys where purpose = 'connection' and state = 'decrypt'";
    assert_eq!(world.number(kept).await, 1);
}

#[tokio::test]
async fn the_tokens_of_a_dead_authorisation_are_erased_after_thirty_days() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let long = world.onboard(&keeper).await;
    world.kill(&Cause::PasswordChange);
    let refresh = Request::Refresh {
        tenant_id: world.tenant,
    };
    keeper.ask(refresh).await;
    world.until_state(long, "needs_consent").await;
    let (other, _) = world.customer("fabrikam").await;
    let lately = Uuid::from_u128(99);
    for sql in [
        "insert into connections (tenant_id, id, mode, state, state_since, entra_tenant_id, admin_oid, token_class, obtained_by,
           obtained_at, app_registration_id)
         select $1, $2, mode, state, state_since - interval '29 days', entra_tenant_id, admin_oid, token_class, obtained_by,
           obtained_at, app_registration_id from connections where id = $3",
        "insert into connection_secrets select $1, $2, version, ct_current, null, null, fingerprint, obtained_at
         from connection_secrets where connection_id = $3",
        "update connections set state_since = state_since - interval '31 days'
         where tenant_id <> $1 and id <> $2 and id = $3",
    ] {
        sqlx::query(sql)
            .bind(other)
            .bind(lately)
            .bind(long)
            .execute(&world.pool)
            .await
            .unwrap();
    }
    world
        .until_number(
            "select count(*) from audit_events where action = 'connection.erase'",
            1,
        )
        .await;
    let left: Vec<Uuid> = sqlx::query_scalar("select connection_id from connection_secrets")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    assert_eq!(left, [lately], "the one that is dead for 29 days");
    assert_eq!(world.state(long).await, "needs_consent", "the word stays");
}
