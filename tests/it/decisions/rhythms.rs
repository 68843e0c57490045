//! Months of simulated time: the same length of life again and again is a rule of the customer's tenant.

use std::time::Duration;

use tenantry::domain::diagnosis::{Button, Category, Confidence, WhoActs};
use tenantry::simulator::directory::{Cause, Policies, TenantPatch};

use super::{Expected, Stage, decided, tells};

#[tokio::test]
async fn a_sign_in_every_fortnight() {
    let stage = Stage::new().await;
    stage.with_graph_alone().await;
    let policies = Policies {
        sif_seconds: Some(14 * 86_400),
        ..Policies::default()
    };
    let patch = TenantPatch {
        policies: Some(policies),
        ..TenantPatch::default()
    };
    let tenant = stage.world.entra_tenant.to_string();
    stage
        .world
        .directory()
        .patch_tenant(&tenant, patch)
        .unwrap();
    for _ in 0..3 {
        let connection = stage.onboard().await;
        stage.days(15).await;
        stage.world.until_state(connection, "needs_consent").await;
        stage.looked_at(connection).await;
    }
    let found = stage.diagnosis().await;
    decided(
        &found,
        &Expected {
            cause: Category::SignInFrequency,
            confidence: Confidence::High,
            who: WhoActs::CustomerUser,
            button: Button::Renew,
            evidence: "The last 3 authorisations of this account all ended after 14 days",
        },
    );
    assert!(
        found.headline.contains("every 14 days"),
        "{}",
        found.headline
    );
    let next = stage.onboard().await;
    let sql = "select expires_reason || ' ' || (expires_at - obtained_at)::text from connections where id = $1";
    assert_eq!(
        stage.world.text(sql, next).await,
        "sign_in_frequency 14 days"
    );
}

#[tokio::test]
async fn multi_factor_sign_in_remembered_for_thirty_days() {
    let stage = Stage::new().await;
    stage.with_graph_alone().await;
    for _ in 0..3 {
        let connection = stage.onboard().await;
        stage.days(29).await;
        assert_eq!(stage.world.state(connection).await, "active");
        stage.world.clock.advance(Duration::from_hours(30));
        stage.world.kill(&Cause::MfaExpired);
        stage.refresh().await;
        stage.world.until_state(connection, "needs_consent").await;
        stage.looked_at(connection).await;
    }
    let found = stage.diagnosis().await;
    decided(
        &found,
        &Expected {
            cause: Category::MfaRequired,
            confidence: Confidence::High,
            who: WhoActs::CustomerUser,
            button: Button::Renew,
            evidence: "all ended after 30 days",
        },
    );
    assert!(
        found.headline.contains("anew every 30 days"),
        "{}",
        found.headline
    );
    assert!(found.powershell.is_some());
    // The next one is expected to end as they did.
    let next = stage.onboard().await;
    let sql = "select expires_reason || ' ' || (expires_at - obtained_at)::text from connections where id = $1";
    assert_eq!(stage.world.text(sql, next).await, "rhythm 30 days");
}

#[tokio::test]
async fn twelve_hours_of_a_federated_account_three_times() {
    let stage = Stage::new().await;
    stage.with_graph_alone().await;
    stage.federated();
    for _ in 0..3 {
        let connection = stage.onboard().await;
        for _ in 0..13 {
            stage.world.clock.advance(Duration::from_hours(1));
            stage.refresh().await;
        }
        stage.world.until_state(connection, "needs_consent").await;
        stage.looked_at(connection).await;
    }
    let found = stage.diagnosis().await;
    decided(
        &found,
        &Expected {
            cause: Category::Federation,
            confidence: Confidence::High,
            who: WhoActs::CustomerAdmin,
            button: Button::Renew,
            evidence: "So did 3 authorisations of this tenant in a row",
        },
    );
    let next = stage.onboard().await;
    let sql = "select expires_reason || ' ' || (expires_at - obtained_at)::text from connections where id = $1";
    assert_eq!(stage.world.text(sql, next).await, "federated 12:00:00");
}

#[tokio::test]
async fn a_password_that_is_changed_every_month() {
    let stage = Stage::new().await;
    stage.with_graph_alone().await;
    for _ in 0..3 {
        let connection = stage.onboard().await;
        stage.days(30).await;
        stage.world.kill(&Cause::PasswordChange);
        stage.refresh().await;
        stage.looked_at(connection).await;
    }
    let found = stage.diagnosis().await;
    assert_eq!(found.cause, Category::PasswordChanged);
    assert_eq!(found.confidence, Confidence::High);
    tells(&found, "all ended after 30 days");
    tells(&found, "A password that expires, or a script");
}
