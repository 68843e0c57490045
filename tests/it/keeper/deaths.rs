//! Each cause of death: the right state, the right cause, the answer kept whole.

use std::time::Duration;

use tenantry::keeper::message::Request;
use tenantry::simulator::directory::{
    Cause, FaultKind, NewFault, Realm, Resource, Target, TenantPatch,
};

use crate::support::keeper::{Keeper, World};

async fn refresh(world: &World, keeper: &Keeper) {
    keeper
        .ask(Request::Refresh {
            tenant_id: world.tenant,
        })
        .await;
}

async fn dies_of(cause: Cause, code: &str, category: &str) {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    world.kill(&cause);
    refresh(&world, &keeper).await;
    let sql = "select concat_ws(' ', state, last_error_code, cause) from connections where id = $1";
    assert_eq!(
        world.text(sql, connection).await,
        format!("needs_consent {code} {category}"),
        "{cause:?}"
    );
    let sql = "select raw from msal_errors where connection_id = $1 order by id desc limit 1";
    let raw = world.text(sql, connection).await;
    assert!(raw.contains(&format!("AADSTS{code}")), "{raw}");
    let sql = "select count(*)::text from connection_secrets where connection_id = $1";
    assert_eq!(world.text(sql, connection).await, "1", "never deleted");
    let sql = "select count(*)::text from tokens where connection_id = $1 and state = 'valid'";
    assert_eq!(world.text(sql, connection).await, "0");
    // Nobody asks again by itself.
    let errors = world.number("select count(*) from msal_errors").await;
    world.clock.advance(Duration::from_hours(48));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        world.number("select count(*) from msal_errors").await,
        errors
    );
}

macro_rules! deaths {
    ($($name:ident: $cause:expr => $code:literal $category:literal;)+) => {$(
        #[tokio::test]
        async fn $name() {
            dies_of($cause, $code, $category).await;
        }
    )+};
}

deaths! {
    password_changed: Cause::PasswordChange => "50173" "password_changed";
    user_disabled: Cause::UserDisabled => "50057" "user_disabled_or_missing";
    user_deleted: Cause::UserDeleted => "500341" "user_disabled_or_missing";
    mfa_required: Cause::MfaExpired => "50078" "mfa_required";
    conditional_access: Cause::ConditionalAccess => "53003" "conditional_access";
    device_code_blocked_afterwards: Cause::DeviceCodeBlocked => "530036" "conditional_access";
    ninety_days_idle: Cause::Idle90Days => "700082" "expired_inactive";
    consent_withdrawn: Cause::ConsentWithdrawn => "65001" "consent_missing";
    enterprise_app_deleted: Cause::EnterpriseAppDeleted => "700016" "app_missing_or_disabled";
    enterprise_app_disabled: Cause::EnterpriseAppDisabled => "7000112" "app_missing_or_disabled";
}

#[tokio::test]
async fn sign_in_frequency_is_remembered_for_the_next_grant() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    world.kill(&Cause::SignInFrequency { seconds: 3600 });
    world.clock.advance(Duration::from_hours(2));
    world.until_state(connection, "active").await;
    refresh(&world, &keeper).await;
    let sql = "select concat_ws(' ', state, last_error_code, sign_in_frequency_s) from connections where id = $1";
    assert_eq!(
        world.text(sql, connection).await,
        "needs_consent 70043 3600"
    );

    let next = world.onboard(&keeper).await;
    assert_ne!(next, connection);
    let sql = "select expires_reason || ' ' || (expires_at - obtained_at)::text from connections where id = $1";
    assert_eq!(world.text(sql, next).await, "sign_in_frequency 01:00:00");
}

#[tokio::test]
async fn twelve_hours_of_a_federated_account_are_remembered_too() {
    let world = World::new().await;
    let tenant = world.entra_tenant.to_string();
    let patch = TenantPatch {
        realm: Some(Realm::Federated {
            password_change_synced: true,
        }),
        ..TenantPatch::default()
    };
    world.directory().patch_tenant(&tenant, patch).unwrap();
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    world.kill(&Cause::Federated12Hours);
    refresh(&world, &keeper).await;
    let sql = "select concat_ws(' ', state, last_error_code) from connections where id = $1";
    assert_eq!(world.text(sql, connection).await, "needs_consent 700081");
    let next = world.onboard(&keeper).await;
    let sql = "select expires_reason || ' ' || (expires_at - obtained_at)::text from connections where id = $1";
    assert_eq!(world.text(sql, next).await, "federated 12:00:00");
}

#[tokio::test]
async fn consent_withdrawn_for_one_resource_leaves_the_others() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    for (resource, code, required) in [("azure", 65_001, false), ("teams", 65_001, true)] {
        let at = if resource == "azure" { 3 } else { 2 };
        for _ in 0..at {
            // The calls before go through slowly, so that the scripted error meets the right one.
            let pass = NewFault::on_tokens(None, FaultKind::Slow { milliseconds: 1 }, 1);
            world.directory().add_fault(pass).unwrap();
        }
        let error = FaultKind::Error {
            code,
            error: "invalid_grant".into(),
            suberror: Some("consent_required".into()),
            text: None,
            status: None,
            stacked: false,
        };
        world
            .directory()
            .add_fault(NewFault::on_tokens(None, error, 1))
            .unwrap();
        refresh(&world, &keeper).await;
        let sql = "select string_agg(resource, ' ') from tokens where connection_id = $1 and state = 'failed'";
        assert_eq!(world.text(sql, connection).await, resource);
        let expected = if required { "needs_consent" } else { "active" };
        assert_eq!(world.state(connection).await, expected, "{resource}");
        refresh(&world, &keeper).await;
        assert_eq!(world.state(connection).await, "active", "it came back");
    }
}

#[tokio::test]
async fn an_ambiguous_refusal_is_confirmed_three_times_before_anybody_is_called() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    let target = Target::tenant(&world.entra_tenant.to_string());
    world.directory().kill(&target, &Cause::TenantGone).unwrap();
    world.make_due().await;
    world.until_state(connection, "suspect").await;
    // Asking by hand confirms nothing.
    for _ in 0..3 {
        refresh(&world, &keeper).await;
    }
    let sql = "select concat_ws(' ', state, suspect_checks) from connections where id = $1";
    assert_eq!(world.text(sql, connection).await, "suspect 0");
    for (wait, expected) in [
        (Duration::from_mins(6), "suspect 1"),
        (Duration::from_mins(31), "suspect 2"),
        (Duration::from_mins(121), "needs_consent 3"),
    ] {
        world.clock.advance(wait);
        world.until(sql, connection, expected).await;
    }
    drop(keeper);
}

#[tokio::test]
async fn a_suspect_that_works_again_is_active() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    let target = Target::tenant(&world.entra_tenant.to_string());
    world.directory().kill(&target, &Cause::TenantGone).unwrap();
    world.make_due().await;
    world.until_state(connection, "suspect").await;
    world.directory().restore(&target).unwrap();
    world.clock.advance(Duration::from_mins(6));
    world.until_state(connection, "active").await;
    world.judge().await;
    drop(keeper);
}

#[tokio::test]
async fn an_unknown_number_is_passing_trouble_first() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    let error = FaultKind::Error {
        code: 7_654_321,
        error: "invalid_grant".into(),
        suberror: None,
        text: None,
        status: None,
        stacked: false,
    };
    world
        .directory()
        .add_fault(NewFault::on_tokens(None, error, 1))
        .unwrap();
    refresh(&world, &keeper).await;
    assert_eq!(world.state(connection).await, "active");
    let sql = "select class from msal_errors where connection_id = $1";
    assert_eq!(world.text(sql, connection).await, "unknown");
}

#[tokio::test]
async fn our_own_wrong_secret_accuses_no_customer() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard_by_browser(&keeper).await;
    world
        .directory()
        .kill(&Target::client(world.client_id), &Cause::SecretWrong)
        .unwrap();
    refresh(&world, &keeper).await;
    let sql = "select concat_ws(' ', state, last_error_code) from connections where id = $1";
    assert_eq!(world.text(sql, connection).await, "active 7000215");
    let sql = "select last_error_class from refresh_schedule where connection_id = $1";
    assert_eq!(world.text(sql, connection).await, "app_level");
}

#[tokio::test]
async fn a_resource_that_was_switched_off_is_confirmed_before_anybody_is_called() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    world.kill(&Cause::ResourceDisabled {
        resource: Resource::Exchange,
    });
    world.make_due().await;
    world.clock.advance(Duration::from_hours(30));
    world.until_state(connection, "suspect").await;
    let sql = "select string_agg(resource || ' ' || state, ', ' order by resource) from tokens where connection_id = $1";
    let expected = "azure valid, exchange failed, graph valid, teams valid";
    world.until(sql, connection, expected).await;
    drop(keeper);
}
