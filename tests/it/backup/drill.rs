//! The drill: an installation lives, is backed up, lives on, and loses its database.

use serde_json::json;
use tenantry::domain::op::{Op, Scope};
use tenantry::domain::technician::{self, Role};
use tenantry::domain::{disconnection, invitation};
use tenantry::keeper::message::{Reply, Request};
use tenantry::keeper::{Keyring, inspect};
use uuid::Uuid;

use super::stage::Stage;

/// A second customer, connected too.
async fn connect(stage: &mut Stage, name: &str) -> (Uuid, Uuid) {
    let first = (stage.world.tenant, stage.world.entra_tenant);
    (stage.world.tenant, stage.world.entra_tenant) = stage.world.customer(name).await;
    let keeper = stage.world.keeper().await;
    let connection = stage
        .world
        .onboard_as(&keeper, &format!("admin@{name}.example"))
        .await;
    keeper.stop().await;
    let tenant = stage.world.tenant;
    (stage.world.tenant, stage.world.entra_tenant) = first;
    (tenant, connection)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_that_lost_its_database_goes_on_and_what_was_revoked_stays_revoked() {
    let mut stage = Stage::new().await;
    let (leaving, _) = connect(&mut stage, "fabrikam").await;
    let owner = stage.technician("owner", Role::Owner).await;
    let gone = stage.technician("gone", Role::Technician).await;
    let open = stage.world.invite("").await;
    stage.world.make_due().await;
    let (file, _) = stage.backup();

    // Life goes on: tokens rotate, somebody leaves, a customer leaves, another comes.
    let keeper = stage.world.keeper().await;
    for _ in 0..3 {
        keeper
            .ask(Request::Refresh {
                tenant_id: stage.world.tenant,
            })
            .await;
    }
    keeper.stop().await;
    stage
        .act(async |op: &mut Op| {
            technician::disable(op, gone).await.unwrap();
            invitation::revoke(op, Scope::all(), open.into())
                .await
                .unwrap();
            disconnection::begin(op, Scope::all(), leaving.into(), false)
                .await
                .unwrap();
        })
        .await;
    connect(&mut stage, "tailspin").await;

    let found = stage.comes_back(&file).await;
    assert_eq!(found["seals"]["quarantined"], 0);
    assert_eq!(found["seals"]["refresh_tokens_open"], 1, "{found}");
    assert_eq!(found["seals"]["credentials_open"], 1);
    assert_eq!(found["schedule"]["spread"], 1);
    assert_eq!(found["technicians"]["disabled"], 1);
    assert_eq!(found["disconnections"]["begun"], 1);
    let audit = "select count(*) from audit_events where action = 'installation.restored'";
    assert_eq!(stage.number(audit).await, 1);
    let steps = "select count(*) from audit_events where action = 'installation.restore_step'";
    assert_eq!(stage.number(steps).await, 14);

    // The portal may start, the tokens open, and Microsoft honours them: an older one of the same grant.
    let keys = Keyring::read(&stage.world.key_file).unwrap();
    let tokens = inspect::refresh_tokens(&stage.world.pool, keys)
        .await
        .unwrap();
    let living: Vec<_> = tokens.iter().filter(|one| one.state == "active").collect();
    assert_eq!(living.len(), 1);
    assert!(living[0].current_sha256.is_some());
    let keeper = stage.world.keeper().await;
    let answer = keeper
        .ask(Request::Refresh {
            tenant_id: stage.world.tenant,
        })
        .await;
    let Reply::Refreshed { resources } = answer else {
        panic!("{answer:?}");
    };
    assert!(resources.iter().all(|one| one.valid), "{resources:?}");
    stage.world.judge().await;

    // The customer that left is disconnected at Microsoft as well, with the last token that the backup held.
    let step = "select step from disconnections where tenant_id = $1";
    stage.world.until(step, leaving, "done").await;
    keeper.stop().await;
    let states = "select string_agg(state, ' ') from connections where tenant_id = $1";
    assert_eq!(stage.text(states, leaving).await, "revoked");
    let role = "select concat_ws(' ', role, state) from technicians where id = $1";
    assert_eq!(
        stage.text(role, gone.as_uuid()).await,
        "technician disabled"
    );
    assert_eq!(stage.text(role, owner.as_uuid()).await, "owner active");
    assert_eq!(
        stage
            .text("select state from invitations where id = $1", open)
            .await,
        "revoked"
    );

    // A backup of the restored installation is as good as any, and knows of what was revoked again.
    let (second, _) = stage.backup();
    let again = stage.comes_back(&second).await;
    assert_eq!(again["revocations"]["new"], 0, "{again}");
    assert_eq!(
        again["sessions"],
        json!({ "logins_ended": 0, "links_ended": 0 })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_does_not_open_sets_its_connection_aside_and_is_named() {
    let mut stage = Stage::new().await;
    let (_, other) = connect(&mut stage, "fabrikam").await;
    stage
        .sql(
            "update connection_secrets set ct_current = set_byte(ct_current, 40, get_byte(ct_current, 40) # 1) where connection_id = $1",
            other,
        )
        .await;
    let shut = "select ct_current::text from connection_secrets where connection_id = $1";
    let before = stage.text(shut, other).await;
    let (file, _) = stage.backup();
    let found = stage.comes_back(&file).await;
    assert_eq!(found["seals"]["quarantined"], 1);
    assert_eq!(found["seals"]["refresh_tokens_open"], 1);
    let named = found["seals"]["quarantined_tenants"].as_array().unwrap();
    assert_eq!(named.len(), 1);
    assert_eq!(stage.world.state(other).await, "quarantined");
    assert_eq!(stage.text(shut, other).await, before, "never overwritten");
    assert_eq!(stage.world.state(stage.connection).await, "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn renewals_after_a_restore_come_one_after_another() {
    let mut stage = Stage::new().await;
    connect(&mut stage, "fabrikam").await;
    connect(&mut stage, "tailspin").await;
    stage.world.make_due().await;
    let (file, _) = stage.backup();
    let found = stage.comes_back(&file).await;
    assert_eq!(found["schedule"]["spread"], 3);
    let gaps: Vec<i64> = sqlx::query_scalar(
        "select extract(epoch from next_refresh_at - lag(next_refresh_at) over (order by next_refresh_at))::bigint
         from refresh_schedule order by next_refresh_at offset 1",
    )
    .fetch_all(&stage.world.pool)
    .await
    .unwrap();
    assert_eq!(gaps, [200, 200], "three in ten minutes");
    assert_eq!(
        stage
            .number("select count(*) from refresh_schedule where lease_id is not null")
            .await,
        0
    );
}
