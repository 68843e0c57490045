//! Each way to die that the simulator knows.

use std::time::Duration;

use tenantry::domain::diagnosis::{Button, Category, Confidence, WhoActs};
use tenantry::simulator::directory::{Cause, Resource, Target};

use super::{Expected, Stage, decided};

macro_rules! decisions {
    ($($name:ident: $cause:expr => $category:ident $confidence:ident $who:ident $button:ident $evidence:literal;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let found = Stage::new().await.dies_of(&$cause).await;
            decided(&found, &Expected {
                cause: Category::$category,
                confidence: Confidence::$confidence,
                who: WhoActs::$who,
                button: Button::$button,
                evidence: $evidence,
            });
        }
    )+};
}

decisions! {
    password_changed: Cause::PasswordChange
        => PasswordChanged High CustomerUser Renew "the password was changed at that very minute";
    sessions_revoked: Cause::SessionsRevoked
        => SessionRevoked High CustomerUser Renew "sessions were revoked then, and the password is another date's";
    account_disabled: Cause::UserDisabled
        => UserDisabledOrMissing High CustomerAdmin Renew "the account is disabled";
    account_deleted: Cause::UserDeleted
        => UserDisabledOrMissing High CustomerAdmin Renew "it was deleted";
    second_factor_newly_required: Cause::MfaRequired
        => MfaRequired High CustomerUser Renew "AADSTS50076";
    second_factor_too_old: Cause::MfaExpired
        => MfaRequired High CustomerUser Renew "AADSTS50078";
    conditional_access: Cause::ConditionalAccess
        => ConditionalAccess High CustomerAdmin Renew "made with a device code";
    device_code_blocked_afterwards: Cause::DeviceCodeBlocked
        => ConditionalAccess High CustomerAdmin Renew "AADSTS530036";
    device_code_blocked_at_redemption: Cause::DeviceCodeBlockedAtRedemption
        => ConditionalAccess High CustomerAdmin Renew "AADSTS530036";
    known_devices_only: Cause::CompliantDevice
        => DeviceCompliance High CustomerAdmin Renew "AADSTS53000";
    consent_withdrawn: Cause::ConsentWithdrawn
        => ConsentMissing High CustomerAdmin Renew "No delegated consent for it is left";
    enterprise_application_deleted: Cause::EnterpriseAppDeleted
        => AppMissingOrDisabled High CustomerAdmin Renew "is not in the tenant";
    enterprise_application_switched_off: Cause::EnterpriseAppDisabled
        => AppMissingOrDisabled High CustomerAdmin ValidateAgain "in the tenant and switched off";
}

#[tokio::test]
async fn a_device_code_blocked_afterwards_asks_for_the_browser() {
    let found = Stage::new().await.dies_of(&Cause::DeviceCodeBlocked).await;
    assert!(found.headline.contains("device code"), "{}", found.headline);
    assert!(
        found
            .remedy
            .iter()
            .any(|step| step.contains("Sign in with Microsoft"))
    );
}

#[tokio::test]
async fn sign_in_frequency() {
    let stage = Stage::new().await;
    let connection = stage.onboard().await;
    stage.world.kill(&Cause::SignInFrequency { seconds: 3600 });
    stage.world.clock.advance(Duration::from_hours(2));
    stage.refresh().await;
    stage.world.until_state(connection, "needs_consent").await;
    stage.looked_at(connection).await;
    let found = stage.diagnosis().await;
    decided(
        &found,
        &Expected {
            cause: Category::SignInFrequency,
            confidence: Confidence::High,
            who: WhoActs::CustomerUser,
            button: Button::Renew,
            evidence: "The longest life allowed is 1 hour.",
        },
    );
}

#[tokio::test]
async fn ninety_days_idle() {
    let mut stage = Stage::new().await;
    let connection = stage.onboard().await;
    // The keeper stood still for a quarter of a year.
    stage.keeper.stop().await;
    stage.world.clock.advance(Duration::from_hours(24 * 91));
    stage.keeper = stage.world.keeper().await;
    stage.refresh().await;
    stage.world.until_state(connection, "needs_consent").await;
    stage.looked_at(connection).await;
    let found = stage.diagnosis().await;
    decided(
        &found,
        &Expected {
            cause: Category::ExpiredInactive,
            confidence: Confidence::High,
            who: WhoActs::CustomerUser,
            button: Button::Renew,
            evidence: "Our last success is 91 days old",
        },
    );
}

#[tokio::test]
async fn federated_without_password_dates() {
    let stage = Stage::new().await;
    stage.federated();
    let connection = stage.onboard().await;
    stage
        .world
        .clock
        .advance(Duration::from_hours(12) + Duration::from_mins(30));
    stage.refresh().await;
    stage.world.until_state(connection, "needs_consent").await;
    stage.looked_at(connection).await;
    let found = stage.diagnosis().await;
    decided(
        &found,
        &Expected {
            cause: Category::Federation,
            confidence: Confidence::High,
            who: WhoActs::CustomerAdmin,
            button: Button::Renew,
            evidence: "federated, and the token died about 12 hours after sign-in",
        },
    );
    assert!(
        found
            .remedy
            .iter()
            .any(|step| step.contains("LastPasswordChangeTimestamp"))
    );
    assert!(
        found
            .remedy
            .iter()
            .any(|step| step.contains("Entra Connect"))
    );
}

#[tokio::test]
async fn a_service_that_the_tenant_has_switched_off() {
    let stage = Stage::new().await;
    let connection = stage.onboard().await;
    stage.world.kill(&Cause::ResourceDisabled {
        resource: Resource::Exchange,
    });
    stage.world.make_due().await;
    stage.world.clock.advance(Duration::from_hours(30));
    stage.world.until_state(connection, "suspect").await;
    stage.looked_at(connection).await;
    let found = stage.diagnosis().await;
    decided(
        &found,
        &Expected {
            cause: Category::LicenseOrSubscription,
            // A lapsed subscription and an administrator's switch give the same number.
            confidence: Confidence::Likely,
            who: WhoActs::CustomerAdmin,
            button: Button::ValidateAgain,
            evidence: "AADSTS500014",
        },
    );
}

#[tokio::test]
async fn the_tenant_is_gone() {
    let stage = Stage::new().await;
    let connection = stage.onboard().await;
    stage.world.kill(&Cause::TenantGone);
    stage.world.make_due().await;
    stage.world.until_state(connection, "suspect").await;
    stage.looked_at(connection).await;
    let found = stage.diagnosis().await;
    decided(
        &found,
        &Expected {
            cause: Category::TenantMissingOrDisabled,
            confidence: Confidence::High,
            who: WhoActs::CustomerAdmin,
            button: Button::None,
            evidence: "public directory of tenants does not know it any more",
        },
    );
}

/// Ours: no customer is accused, and the registration is what has to be mended.
#[tokio::test]
async fn our_secret_expired_or_replaced() {
    for (cause, category, evidence) in [
        (
            Cause::SecretExpired,
            Category::AppCredentialExpired,
            "AADSTS7000222",
        ),
        (
            Cause::SecretWrong,
            Category::AppCredentialInvalid,
            "AADSTS7000215",
        ),
    ] {
        let stage = Stage::new().await;
        let connection = stage.world.onboard_by_browser(&stage.keeper).await;
        let target = Target::client(stage.world.client_id);
        stage.world.directory().kill(&target, &cause).unwrap();
        stage.refresh().await;
        assert_eq!(stage.world.state(connection).await, "active");
        let found = stage.diagnosis_of_newest_error().await;
        decided(
            &found,
            &Expected {
                cause: category,
                confidence: Confidence::High,
                who: WhoActs::Msp,
                button: Button::AppRegistration,
                evidence,
            },
        );
    }
}
