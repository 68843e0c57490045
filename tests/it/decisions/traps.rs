//! Where the first look deceives: these must come out unsure, or at least not certain.

use std::time::Duration;

use tenantry::domain::diagnosis::{Button, Category, Confidence};
use tenantry::simulator::directory::{Cause, FaultKind, NewFault};

use super::{Stage, tells};

fn refusal(code: u32, error: &str, suberror: Option<&str>) -> FaultKind {
    FaultKind::Error {
        code,
        error: error.into(),
        suberror: suberror.map(Into::into),
        text: None,
        status: None,
        stacked: false,
    }
}

impl Stage {
    /// The next token request is refused so.
    fn scripted(&self, kind: FaultKind) {
        let fault = NewFault::on_tokens(None, kind, 1);
        self.world.directory().add_fault(fault).unwrap();
    }
}

#[tokio::test]
async fn a_number_that_nobody_knows_is_unsure_and_waits() {
    let stage = Stage::new().await;
    stage.onboard().await;
    stage.scripted(refusal(7_654_321, "invalid_grant", None));
    stage.refresh().await;
    let found = stage.diagnosis().await;
    assert_eq!(found.cause, Category::Unknown);
    assert_eq!(found.confidence, Confidence::Unsure);
    assert_ne!(found.button, Button::Renew, "no customer is troubled yet");
}

#[tokio::test]
async fn a_tenant_not_found_by_a_fault_of_the_moment() {
    let stage = Stage::new().await;
    let connection = stage.onboard().await;
    // The token before is tried as well.
    stage.scripted(refusal(90_002, "invalid_request", None));
    stage.scripted(refusal(90_002, "invalid_request", None));
    stage.world.make_due().await;
    stage.world.until_state(connection, "suspect").await;
    stage.looked_at(connection).await;
    let found = stage.diagnosis().await;
    assert_eq!(found.confidence, Confidence::Unsure, "{found:#?}");
    tells(&found, "still knows it");
}

#[tokio::test]
async fn consent_said_to_be_missing_that_is_there() {
    let stage = Stage::new().await;
    stage.with_graph_alone().await;
    let connection = stage.onboard().await;
    stage.scripted(refusal(65_001, "invalid_grant", Some("consent_required")));
    stage.refresh().await;
    stage.looked_at(connection).await;
    let found = stage.diagnosis().await;
    assert_eq!(found.cause, Category::ConsentMissing);
    assert_eq!(found.confidence, Confidence::Likely, "{found:#?}");
}

#[tokio::test]
async fn a_revocation_that_graph_cannot_explain_stays_open() {
    let mut stage = Stage::new().await;
    let connection = stage.onboard().await;
    // Without a secret of ours nobody can look at the account when the held token is refused.
    stage.keeper.stop().await;
    sqlx::query("delete from app_credentials")
        .execute(&stage.world.pool)
        .await
        .unwrap();
    stage.keeper = stage.world.try_keeper("").await.unwrap();
    stage.happens(&Cause::PasswordChange).await;
    stage.looked_at(connection).await;
    let found = stage.diagnosis().await;
    assert_eq!(found.cause, Category::PasswordChanged);
    assert_eq!(found.confidence, Confidence::Likely, "{found:#?}");
    assert!(
        found.headline.contains("or all their sessions"),
        "{}",
        found.headline
    );
    assert!(
        found
            .to_be_sure
            .iter()
            .any(|line| line.contains("Directory.Read.All"))
    );
}

#[tokio::test]
async fn a_token_called_idle_that_was_used_yesterday() {
    // As after restoring a backup: Microsoft speaks of another, older token.
    let stage = Stage::new().await;
    let found = stage.dies_of(&Cause::Idle90Days).await;
    assert_eq!(found.cause, Category::ExpiredInactive);
    assert_eq!(found.confidence, Confidence::Likely, "{found:#?}");
    tells(&found, "restoring a backup");
}

#[tokio::test]
async fn deaths_without_rhythm_are_none() {
    let stage = Stage::new().await;
    stage.with_graph_alone().await;
    for days in [3, 9, 5] {
        let connection = stage.onboard().await;
        stage.days(days).await;
        stage.world.kill(&Cause::MfaExpired);
        stage.refresh().await;
        stage.looked_at(connection).await;
    }
    let found = stage.diagnosis().await;
    assert_eq!(found.cause, Category::MfaRequired);
    assert!(!found.headline.contains("every"), "{}", found.headline);
    let next = stage.onboard().await;
    let sql = "select expires_reason from connections where id = $1";
    assert_eq!(stage.world.text(sql, next).await, "idle");
}

#[tokio::test]
async fn an_old_error_is_not_explained_by_what_was_seen_later() {
    let stage = Stage::new().await;
    let connection = stage.onboard().await;
    stage.scripted(refusal(7_654_321, "invalid_grant", None));
    stage.refresh().await;
    let old = stage.world.number("select max(id) from msal_errors").await;
    stage.refresh().await;
    stage.world.clock.advance(Duration::from_hours(24));
    stage.world.kill(&Cause::UserDisabled);
    stage.refresh().await;
    stage.looked_at(connection).await;
    let mut op = stage.op().await;
    let id = tenantry::storage::MsalErrorId(old);
    let found = tenantry::domain::connection::diagnose_error(&mut op, stage.scope(), id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.cause, Category::Unknown);
    assert_eq!(found.confidence, Confidence::Unsure);
}
