//! Microsoft's refusals of a new credential, told apart in words. The one in use stays in use.

use tenantry::simulator::directory::{FaultKind, NewFault, NewTenant};
use time::macros::datetime;

use super::{LATER, SECRET_FORM, Stage};
use crate::support::keeper::SECRET;

const NEXT: &str = "next8Q~secret-of-the-tests";

async fn refused(stage: &Stage, state: &str, words: &str) {
    let page = stage.send(SECRET_FORM, &[("secret", NEXT)]).await;
    let said = page.text_of("main [role=status]");
    assert!(said.contains(words), "{said}");
    assert_eq!(stage.credentials().await, ["secret active", state]);
    assert!(!page.body.contains(NEXT));
    let refreshed = super::rotation::refresh(stage).await;
    assert!(refreshed.iter().all(|one| one.valid), "{refreshed:?}");
}

#[tokio::test]
async fn a_wrong_value() {
    let stage = Stage::new().await;
    refused(
        &stage,
        "secret refused",
        "the secret's ID instead of its Value",
    )
    .await;
    assert!(stage.page().await.text().contains("AADSTS7000215"));
}

#[tokio::test]
async fn an_expired_one() {
    let stage = Stage::new().await;
    stage.secrets_at_microsoft(&[(SECRET, LATER), (NEXT, datetime!(2020-01-01 00:00 UTC))]);
    refused(&stage, "secret refused", "it has expired").await;
}

#[tokio::test]
async fn a_wrong_application() {
    let stage = Stage::new().await;
    stage.secrets_at_microsoft(&[(SECRET, LATER), (NEXT, LATER)]);
    let elsewhere = stage
        .world
        .directory()
        .add_tenant(NewTenant::named(
            "Elsewhere",
            "elsewhere.onmicrosoft.example",
        ))
        .unwrap();
    let tenant = elsewhere.to_string();
    let form = "form[action='/security/app-registration']";
    stage.send(form, &[("entra_tenant_id", &tenant)]).await;
    refused(
        &stage,
        "secret refused",
        "no application with our client id",
    )
    .await;
}

#[tokio::test]
async fn a_clock_that_is_off_decides_nothing() {
    let stage = Stage::new().await;
    stage.secrets_at_microsoft(&[(SECRET, LATER), (NEXT, LATER)]);
    let kind = FaultKind::Error {
        code: 700_024,
        error: "invalid_client".into(),
        suberror: None,
        text: Some("Client assertion is not within its valid time range.".into()),
        status: Some(401),
        stacked: false,
    };
    let directory = stage.world.directory();
    directory
        .add_fault(NewFault::on_tokens(None, kind, 1))
        .unwrap();
    refused(&stage, "secret candidate", "this server's clock is off").await;
}

#[tokio::test]
async fn microsoft_out_of_reach_keeps_it_to_be_tried_again() {
    let stage = Stage::new().await;
    stage.secrets_at_microsoft(&[(SECRET, LATER), (NEXT, LATER)]);
    let outage = NewFault::on_tokens(None, FaultKind::Outage { status: 503 }, 1);
    stage.world.directory().add_fault(outage).unwrap();
    refused(&stage, "secret candidate", "Microsoft could not be asked").await;
    let page = stage.send("form[action$='/trial']", &[]).await;
    assert!(page.text().contains("Microsoft accepted it"));
    assert_eq!(
        stage.credentials().await,
        ["secret active", "secret active"]
    );
}

#[tokio::test]
async fn without_any_tenant_there_is_nowhere_to_try() {
    let stage = Stage::unconnected().await;
    let page = stage.send(SECRET_FORM, &[("secret", NEXT)]).await;
    let said = page.text_of("main [role=status]");
    assert!(said.contains("no Entra tenant to try it in"), "{said}");
    assert_eq!(
        stage.credentials().await,
        ["secret active", "secret candidate"]
    );
}
