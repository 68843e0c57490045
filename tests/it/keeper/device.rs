//! Onboarding by device code.

use std::time::Duration;

use serde_json::Value;
use tenantry::keeper::message::Request;
use tenantry::simulator::directory::{Cause, Target};

use crate::support::keeper::{ADMIN, USER, World};

#[tokio::test]
async fn the_expected_administrator_signs_in_and_all_tokens_are_acquired() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;

    assert_eq!(world.state(connection).await, "active");
    let sql = "select string_agg(resource || ' ' || state, ', ' order by resource) from tokens where connection_id = $1";
    assert_eq!(
        world.text(sql, connection).await,
        "azure valid, exchange valid, graph valid, teams valid"
    );
    let sql = "select state from invitations where tenant_id = $1";
    assert_eq!(world.text(sql, world.tenant).await, "completed");
    let sql = "select admin_username || ' ' || entra_tenant_id from tenants where id = $1";
    assert_eq!(
        world.text(sql, world.tenant).await,
        format!("{ADMIN} {}", world.entra_tenant)
    );
    let sql = "select concat_ws(' ', token_class, obtained_by, realm, expires_reason) from connections where id = $1";
    assert_eq!(
        world.text(sql, connection).await,
        "public device_code managed idle"
    );
    assert_eq!(world.number("select count(*) from flow_secrets").await, 0);
    assert_eq!(world.number("select count(*) from msal_errors").await, 0);
    for action in [
        "onboarding.code_shown",
        "connection.store",
        "connection.activate",
        "onboarding.complete",
    ] {
        let found: i64 = sqlx::query_scalar("select count(*) from audit_events where action = $1")
            .bind(action)
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert_eq!(found, 1, "{action}");
    }
    world.judge().await;
}

#[tokio::test]
async fn a_code_is_shown_and_nothing_else_of_it_is_readable() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let (flow, code) = world.code(&keeper, ADMIN).await;
    assert_eq!(code.len(), 9);
    let sql = "select state from onboarding_flows where id = $1";
    assert_eq!(world.text(sql, flow).await, "code_shown");
    let sql = "select started_at::text from invitations where tenant_id = $1";
    assert!(!world.text(sql, world.tenant).await.is_empty());
    assert_eq!(world.number("select count(*) from flow_secrets").await, 1);
}

#[tokio::test]
async fn a_code_is_only_given_to_a_flow_that_was_just_started() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let (flow, _) = world.code(&keeper, ADMIN).await;
    let again = keeper.ask(world.start_device_code(flow)).await;
    let answer: Value = serde_json::to_value(&again).unwrap();
    assert_eq!(answer["refused"]["why"], "not_there");
}

#[tokio::test]
async fn polling_goes_on_after_the_keeper_was_killed() {
    let world = World::new().await;
    world.consent();
    let keeper = world.keeper().await;
    let (flow, code) = world.code(&keeper, ADMIN).await;
    keeper.kill();

    let _keeper = world.keeper().await;
    world.approve(&code, ADMIN);
    world.until_flow(flow, "complete").await;
    world.judge().await;
}

#[tokio::test]
async fn a_declined_code_ends_the_flow_and_leaves_the_invitation_open() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let (flow, code) = world.code(&keeper, ADMIN).await;
    world.directory().decline_device(&code).unwrap();
    world.clock.advance(Duration::from_secs(7));
    world.until_flow(flow, "failed declined").await;
    nothing_is_stored(&world).await;
}

#[tokio::test]
async fn a_code_that_nobody_used_lapses() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let (flow, _) = world.code(&keeper, ADMIN).await;
    world.clock.advance(Duration::from_mins(15));
    world.until_flow(flow, "failed code_lapsed").await;
    nothing_is_stored(&world).await;
}

#[tokio::test]
async fn a_policy_against_device_codes_sends_the_person_to_the_browser() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.consent();
    let (flow, code) = world.code(&keeper, ADMIN).await;
    let target = Target::tenant(&world.entra_tenant.to_string());
    world
        .directory()
        .kill(&target, &Cause::DeviceCodeBlockedAtRedemption)
        .unwrap();
    world.approve(&code, ADMIN);
    world.until_flow(flow, "failed device_code_blocked").await;
    let sql = "select code::text from msal_errors where flow_id = $1";
    assert_eq!(world.text(sql, flow).await, "53003");
    nothing_is_stored(&world).await;
}

#[tokio::test]
async fn another_person_is_refused_named_and_not_stored() {
    let world = World::new().await;
    world.consent();
    let keeper = world.keeper().await;
    let (flow, code) = world.code(&keeper, ADMIN).await;
    world.approve(&code, USER);
    world.until_flow(flow, "failed wrong_person").await;
    let sql = "select signed_in_username from onboarding_flows where id = $1";
    assert_eq!(world.text(sql, flow).await, USER);
    nothing_is_stored(&world).await;
    let denied = "select count(*) from audit_events where action = 'onboarding.account_refused' and result = 'denied'";
    assert_eq!(world.number(denied).await, 1);
}

#[tokio::test]
async fn another_tenant_is_refused_even_if_the_person_would_fit() {
    let world = World::new().await;
    let (_, fabrikam) = world.customer("fabrikam").await;
    let keeper = world.keeper().await;
    let invitation = world.invite("admin@fabrikam.example").await;
    // Nobody's tenant in particular is asked at first, so that Microsoft lets a stranger in.
    let flow = world.flow(invitation, "device_code").await;
    keeper.done(world.start_device_code(flow)).await;
    let code = world
        .text("select user_code from onboarding_flows where id = $1", flow)
        .await;
    sqlx::query("update invitations set expected_entra_tenant_id = $1")
        .bind(world.entra_tenant)
        .execute(&world.pool)
        .await
        .unwrap();
    world.approve(&code, "admin@fabrikam.example");
    world.until_flow(flow, "failed wrong_tenant").await;
    let sql = "select signed_in_tenant_id::text from onboarding_flows where id = $1";
    assert_eq!(world.text(sql, flow).await, fabrikam.to_string());
    nothing_is_stored(&world).await;
}

#[tokio::test]
async fn a_tenant_that_belongs_to_another_customer_is_refused() {
    let world = World::new().await;
    let (other, _) = world.customer("fabrikam").await;
    sqlx::query("update tenants set entra_tenant_id = $1 where id = $2")
        .bind(world.entra_tenant)
        .bind(other)
        .execute(&world.pool)
        .await
        .unwrap();
    world.consent();
    let keeper = world.keeper().await;
    let (flow, code) = world.code(&keeper, ADMIN).await;
    world.approve(&code, ADMIN);
    world.until_flow(flow, "failed tenant_taken").await;
    nothing_is_stored(&world).await;
}

#[tokio::test]
async fn a_domain_decides_where_to_sign_in() {
    let world = World::new().await;
    world.consent();
    sqlx::query("update tenants set domain = 'contoso.example'")
        .execute(&world.pool)
        .await
        .unwrap();
    let keeper = world.keeper().await;
    let (flow, code) = world.code(&keeper, ADMIN).await;
    world.approve(&code, ADMIN);
    world.until_flow(flow, "complete").await;
    let asked = "select count(*) from entra_calls where operation = 'metadata'";
    assert_eq!(world.number(asked).await, 1);
}

#[tokio::test]
async fn a_suspended_tenant_is_not_onboarded() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let invitation = world.invite(ADMIN).await;
    let flow = world.flow(invitation, "device_code").await;
    sqlx::query("update tenants set state = 'suspended'")
        .execute(&world.pool)
        .await
        .unwrap();
    let answer = keeper.ask(world.start_device_code(flow)).await;
    let answer: Value = serde_json::to_value(&answer).unwrap();
    assert_eq!(answer["refused"]["why"], "suspended");
}

#[tokio::test]
async fn an_invitation_that_ended_meanwhile_stores_nothing() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let (flow, code) = world.code(&keeper, ADMIN).await;
    world.approve(&code, ADMIN);
    // Consent is missing, so the flow waits; the technician takes the invitation back.
    world.until_flow(flow, "consent_needed").await;
    sqlx::query("update invitations set state = 'revoked', ended_at = created_at")
        .execute(&world.pool)
        .await
        .unwrap();
    world.clock.advance(Duration::from_secs(11));
    world.until_flow(flow, "failed invitation_ended").await;
    let kept = "select count(*) from connection_secrets";
    assert_eq!(world.number(kept).await, 0);
    drop(keeper);
}

#[tokio::test]
async fn a_flow_that_was_ended_is_forgotten_with_its_grant() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let (flow, code) = world.code(&keeper, ADMIN).await;
    world.approve(&code, ADMIN);
    world.until_flow(flow, "consent_needed").await;
    keeper
        .done(Request::EndFlow {
            tenant_id: world.tenant,
            flow_id: flow,
        })
        .await;
    world.until_flow(flow, "superseded").await;
    let kept = "select count(*) from connection_secrets";
    assert_eq!(world.number(kept).await, 0);
}

async fn nothing_is_stored(world: &World) {
    assert_eq!(world.number("select count(*) from connections").await, 0);
    assert_eq!(
        world
            .number("select count(*) from connection_secrets")
            .await,
        0
    );
    assert_eq!(world.number("select count(*) from flow_secrets").await, 0);
    let open = "select count(*) from invitations where state = 'open'";
    assert_eq!(world.number(open).await, 1);
}
