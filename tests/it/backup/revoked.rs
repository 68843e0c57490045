//! Nothing that was revoked after a backup comes back to life with it: a test for each kind of thing that can be revoked.

use serde_json::json;
use tenantry::domain::op::{Op, Scope};
use tenantry::domain::technician::{self, Role};
use tenantry::domain::{api_key, disconnection, invitation, tenant};
use tenantry::keeper::message::{Refusal, Reply, Request};
use tenantry::storage::TenantId;

use super::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn a_technician_disabled_demoted_or_with_a_new_password_stays_so() {
    let mut stage = Stage::new().await;
    let owner = stage.technician("owner", Role::Owner).await;
    let gone = stage.technician("gone", Role::Admin).await;
    let lesser = stage.technician("lesser", Role::Admin).await;
    let changed = stage.technician("changed", Role::Technician).await;
    let untouched = stage.technician("untouched", Role::Technician).await;
    let (file, _) = stage.backup();
    stage
        .act(async |op: &mut Op| {
            technician::disable(op, gone).await.unwrap();
            technician::change_role(op, lesser, Role::Viewer)
                .await
                .unwrap();
            // Given back later; what was taken away counts.
            technician::change_role(op, lesser, Role::Technician)
                .await
                .unwrap();
            technician::reset(op, changed).await.unwrap();
            technician::change_role(op, owner, Role::Viewer)
                .await
                .expect_err("the last owner");
        })
        .await;
    // Hashed anew at a login: the same password.
    stage
        .sql(
            "update technicians set password_hash = 'the same one' where id = $1",
            untouched.as_uuid(),
        )
        .await;
    let found = stage.comes_back(&file).await;
    assert_eq!(
        found["technicians"],
        json!({ "disabled": 1, "demoted": 1, "limited": 0, "logins_reset": 1, "factors_removed": 0,
            "sign_ons_untied": 0, "codes_ended": 0 })
    );
    let who = "select concat_ws(' ', role, state, coalesce(password_hash, 'none')) from technicians where id = $1";
    for (id, expected) in [
        (owner, "owner active the old one"),
        (gone, "admin disabled the old one"),
        (lesser, "viewer active the old one"),
        (changed, "technician active none"),
        (untouched, "technician active the old one"),
    ] {
        assert_eq!(stage.text(who, id.as_uuid()).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_technician_limited_since_sees_no_more_than_the_last_rule_allows() {
    let mut stage = Stage::new().await;
    let (other, _) = stage.world.customer("fabrikam").await;
    let limited = stage.technician("limited", Role::Technician).await;
    let (file, _) = stage.backup();
    for (kind, tenant) in [("only", stage.world.tenant), ("except", stage.world.tenant)] {
        sqlx::query(
            "insert into technician_limits (technician_id, kind, tenants, updated_at) values ($1, $2, array[$3::uuid], now())
             on conflict (technician_id) do update set kind = excluded.kind, tenants = excluded.tenants",
        )
        .bind(limited.as_uuid())
        .bind(kind)
        .bind(tenant)
        .execute(&stage.world.pool)
        .await
        .unwrap();
    }
    let found = stage.comes_back(&file).await;
    assert_eq!(found["technicians"]["limited"], 1);
    let state = "select limited::text from technicians where id = $1";
    assert_eq!(stage.text(state, limited.as_uuid()).await, "true");
    let seen =
        "select string_agg(tenant_id::text, ' ') from technician_tenants where technician_id = $1";
    assert_eq!(stage.text(seen, limited.as_uuid()).await, other.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_owner_stays_disabled_too() {
    let mut stage = Stage::new().await;
    let first = stage.technician("first", Role::Owner).await;
    let (file, _) = stage.backup();
    stage.technician("second", Role::Owner).await;
    stage
        .act(async |op: &mut Op| {
            technician::disable(op, first).await.unwrap();
        })
        .await;
    stage.comes_back(&file).await;
    assert_eq!(
        stage
            .text(
                "select state from technicians where id = $1",
                first.as_uuid()
            )
            .await,
        "disabled"
    );
    assert_eq!(stage.number("select count(*) from technicians").await, 1);
    // The way back in is the server's shell.
    let added = stage.done(&[
        "technician",
        "add",
        "--email",
        "new@msp.example",
        "--name",
        "New",
        "--role",
        "owner",
    ]);
    assert!(added.out.contains("/login/link/"), "{}", added.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_links_invitations_and_sign_ins_of_the_time_of_the_backup_are_over() {
    let mut stage = Stage::new().await;
    let owner = stage.technician("owner", Role::Owner).await;
    stage
        .sql(
            "insert into login_sessions (id_hash, technician_id, data, created_at, expires_at)
             values ('\\x01', $1, '{}', now(), now() + interval '1 hour')",
            owner.as_uuid(),
        )
        .await;
    let keeper = stage.world.keeper().await;
    let (flow, _) = stage.world.code(&keeper, "").await;
    keeper.stop().await;
    let open = stage.world.invite("").await;
    let revoked = stage.world.invite("").await;
    let (file, _) = stage.backup();
    stage
        .act(async |op: &mut Op| {
            invitation::revoke(op, Scope::all(), revoked.into())
                .await
                .unwrap();
        })
        .await;
    let found = stage.comes_back(&file).await;
    assert_eq!(
        found["sessions"],
        json!({ "logins_ended": 1, "links_ended": 1 })
    );
    assert_eq!(stage.number("select count(*) from login_sessions").await, 0);
    assert_eq!(
        stage.number("select count(*) from technician_links").await,
        0
    );
    assert_eq!(found["invitations"]["sign_ins_closed"], 1);
    for id in [open, revoked] {
        let state = stage
            .text("select state from invitations where id = $1", id)
            .await;
        assert_eq!(state, "revoked");
    }
    let state = stage
        .text("select state from onboarding_flows where id = $1", flow)
        .await;
    assert_eq!(state, "superseded");
    assert_eq!(stage.number("select count(*) from flow_secrets").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_disconnected_since_is_disconnected_again_to_the_end() {
    let mut stage = Stage::new().await;
    let tenant = TenantId::from(stage.world.tenant);
    let (file, _) = stage.backup();
    let keeper = stage.world.keeper().await;
    let mut id = None;
    stage
        .act(async |op: &mut Op| {
            let begun = disconnection::begin(op, Scope::all(), tenant, true)
                .await
                .unwrap();
            id = Some(begun);
        })
        .await;
    let id = id.unwrap();
    let step = "select step from disconnections where id = $1";
    stage.world.until(step, id, "done").await;
    keeper.stop().await;
    let found = stage.comes_back(&file).await;
    assert_eq!(found["disconnections"]["begun"], 1);
    assert!(
        found["data_keys"]["destroyed"].as_u64().unwrap() > 0,
        "{found}"
    );
    assert_eq!(stage.world.state(stage.connection).await, "revoked");
    assert_eq!(
        stage.number("select count(*) from refresh_schedule").await,
        0
    );
    // What its keys sealed opens never again, as it was promised.
    let keys =
        "select count(*) from data_keys where tenant_id is not null and state <> 'destroyed'";
    assert_eq!(stage.number(keys).await, 0);
    let keeper = stage.world.keeper().await;
    let answer = keeper
        .ask(Request::Refresh {
            tenant_id: stage.world.tenant,
        })
        .await;
    assert!(
        matches!(answer, Reply::Refused(Refusal::NotThere)),
        "{answer:?}"
    );
    stage.world.until(step, id, "done").await;
    assert_eq!(
        stage
            .number("select count(*) from connection_secrets")
            .await,
        0
    );
    keeper.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_another_replaced_stays_ended_and_its_tokens_are_forgotten() {
    let mut stage = Stage::new().await;
    let (file, _) = stage.backup();
    let keeper = stage.world.keeper().await;
    let newer = stage.world.onboard(&keeper).await;
    keeper.stop().await;
    assert_ne!(newer, stage.connection);
    assert_eq!(stage.world.state(stage.connection).await, "revoked");
    let found = stage.comes_back(&file).await;
    assert_eq!(found["connections"]["ended"], 1);
    assert_eq!(found["connections"]["refresh_tokens_forgotten"], 1);
    assert_eq!(stage.world.state(stage.connection).await, "revoked");
    let left =
        "select (select count(*) from connection_secrets) + (select count(*) from refresh_schedule)
        + (select count(*) from tokens where ct is not null)";
    assert_eq!(stage.number(left).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_suspended_or_archived_since_stays_stopped() {
    let mut stage = Stage::new().await;
    let (other, _) = stage.world.customer("fabrikam").await;
    let (third, _) = stage.world.customer("tailspin").await;
    let (file, _) = stage.backup();
    let stop = "update tenants set state = 'suspended', state_since = now() where id = $1";
    stage.sql(stop, stage.world.tenant).await;
    stage.sql(stop, other).await;
    stage
        .sql(
            "update tenants set state = 'archived', state_since = now() where id = $1",
            other,
        )
        .await;
    let found = stage.comes_back(&file).await;
    assert_eq!(found["tenants"]["stopped"], 2);
    let state = "select state from tenants where id = $1";
    assert_eq!(stage.text(state, stage.world.tenant).await, "suspended");
    assert_eq!(stage.text(state, other).await, "archived");
    assert_eq!(stage.text(state, third).await, "active");
    // As a person would resume it.
    stage
        .act(async |op: &mut Op| {
            let found = tenant::find(op, Scope::all(), stage.world.tenant.into())
                .await
                .unwrap();
            tenant::resume(op, Scope::all(), &found.unwrap())
                .await
                .unwrap();
        })
        .await;
    assert_eq!(stage.text(state, stage.world.tenant).await, "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_retired_or_removed_since_is_not_shown_to_microsoft_again() {
    let mut stage = Stage::new().await;
    let (file, _) = stage.backup();
    let retired = "update app_credentials set state = 'retired' where id = $1";
    let id: uuid::Uuid = sqlx::query_scalar("select id from app_credentials")
        .fetch_one(&stage.world.pool)
        .await
        .unwrap();
    stage.sql(retired, id).await;
    stage
        .sql("delete from app_credentials where id = $1", id)
        .await;
    let found = stage.comes_back(&file).await;
    assert_eq!(found["credentials"]["retired"], 1);
    let state = "select state from app_credentials where id = $1";
    assert_eq!(stage.text(state, id).await, "retired");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_away_before_the_backup_and_given_back_is_left_as_it_was() {
    let mut stage = Stage::new().await;
    let back = stage.technician("back", Role::Admin).await;
    stage.technician("owner", Role::Owner).await;
    stage
        .act(async |op: &mut Op| {
            technician::disable(op, back).await.unwrap();
            technician::enable(op, back).await.unwrap();
        })
        .await;
    let (file, _) = stage.backup();
    let found = stage.comes_back(&file).await;
    assert_eq!(found["revocations"], json!({ "read": 1, "new": 0 }));
    let state = "select state from technicians where id = $1";
    assert_eq!(stage.text(state, back.as_uuid()).await, "active");
}

/// When an outbox comes, its step must do something.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_needs_no_step_yet() {
    let stage = Stage::new().await;
    for table in ["webhook_deliveries", "outbox"] {
        let sql = "select count(*) from pg_tables where tablename = $1";
        let found: i64 = sqlx::query_scalar(sql)
            .bind(table)
            .fetch_one(&stage.world.pool)
            .await
            .unwrap();
        assert_eq!(found, 0, "{table}: see src/domain/restoration/portal.rs");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_changed_since_waits_for_a_person_and_the_others_work_on() {
    let mut stage = Stage::new().await;
    let owner = stage.technician("owner", Role::Owner).await;
    let make = async |stage: &Stage| {
        let mut made = None;
        stage
            .act(async |op: &mut Op| {
                let owner = technician::find(op, owner).await.unwrap().unwrap();
                let rule = crate::api::stage::everything("a script");
                let life = api_key::USUAL_LIFE;
                let new = api_key::NewKey { rule, life };
                made = Some(api_key::create(op, &owner, &new).await.unwrap().0);
            })
            .await;
        made.unwrap()
    };
    let (revoked, narrowed, untouched) =
        (make(&stage).await, make(&stage).await, make(&stage).await);
    let (file, _) = stage.backup();
    stage
        .act(async |op: &mut Op| {
            let key = api_key::find(op, None, revoked).await.unwrap().unwrap();
            api_key::revoke(op, &key).await.unwrap();
            let key = api_key::find(op, None, narrowed).await.unwrap().unwrap();
            let rule = api_key::Rule {
                networks: vec!["192.0.2.0/24".into()],
                ..key.rule.clone()
            };
            api_key::change(op, &key, &rule).await.unwrap();
        })
        .await;
    let later = make(&stage).await;
    let found = stage.comes_back(&file).await;
    assert_eq!(found["api_keys"], json!({ "suspended": 2 }));
    let state = "select state from api_keys where id = $1";
    for (id, expected) in [
        (revoked, "suspended"),
        (narrowed, "suspended"),
        (untouched, "active"),
    ] {
        assert_eq!(stage.text(state, id.as_uuid()).await, expected);
    }
    let known: i64 = sqlx::query_scalar("select count(*) from api_keys where id = $1")
        .bind(later.as_uuid())
        .fetch_one(&stage.world.pool)
        .await
        .unwrap();
    assert_eq!(known, 0);
}
