//! Several campaigns for the same tenants: nobody is written to by two of them.

use std::time::Duration;

use tenantry::domain::campaign::{self, Stage as Step};
use tenantry::domain::op::Scope;

use super::stage::{Stage, input, letters};

const DAY: Duration = Duration::from_hours(24);

/// A campaign made by three clicks is three drafts: whoever starts two of them writes to nobody twice.
#[tokio::test]
async fn whom_another_campaign_has_asked_is_not_asked_again_while_that_link_works() {
    let stage = Stage::new().await;
    let tenants = [stage.tenant("alder").await, stage.tenant("birch").await];
    let first = stage.campaign(&input(), &tenants[..1]).await;
    stage.turns().await;
    let second = stage.campaign(&input(), &tenants).await;
    let mut op = stage.op().await;
    let seen = campaign::outlook(&mut op, Scope::all(), second)
        .await
        .unwrap();
    drop(op);
    assert_eq!(
        (seen.asked, seen.elsewhere, seen.first),
        (1, 1, Some(tenants[1]))
    );
    stage.turns().await;
    let (step, why) = stage.at(second, "alder").await;
    assert_eq!(step, Step::Failed);
    assert!(why.contains("Another campaign has asked already"), "{why}");
    assert_eq!(stage.at(second, "birch").await.0, Step::Sent);
    assert_eq!(letters(&stage.server).len(), 2);
    // Stopped, and its link left to work: nobody is written to again on the same day.
    stage.stop(first, false).await;
    stage.retry(second).await;
    assert_eq!(stage.at(second, "alder").await.0, Step::Failed);
    stage.app.advance(DAY + Duration::from_mins(1));
    stage.retry(second).await;
    assert_eq!(stage.at(second, "alder").await.0, Step::Sent);
    assert_eq!(letters(&stage.server).len(), 3);
}

#[tokio::test]
async fn a_link_that_was_withdrawn_or_never_arrived_is_in_no_other_campaigns_way() {
    let stage = Stage::new().await;
    let tenants = [stage.tenant("alder").await, stage.tenant("birch").await];
    let address = "invitation_email = 'refused@alder.example'";
    stage.fleet.change_tenant(tenants[0], address).await;
    let first = stage.campaign(&input(), &tenants).await;
    stage.turns().await;
    assert_eq!(stage.at(first, "alder").await.0, Step::Failed);
    let address = "invitation_email = 'it@alder.example'";
    stage.fleet.change_tenant(tenants[0], address).await;
    let second = stage.campaign(&input(), &tenants).await;
    stage.turns().await;
    assert_eq!(stage.at(second, "alder").await.0, Step::Sent);
    assert_eq!(stage.at(second, "birch").await.0, Step::Failed);
    stage.stop(first, true).await;
    stage.retry(second).await;
    assert_eq!(stage.at(second, "birch").await.0, Step::Sent);
}

/// Two that are on share their customers; the preview of the second says so before it starts.
#[tokio::test]
async fn who_waits_in_another_campaign_is_told_of_before_the_start() {
    let stage = Stage::new().await;
    let tenants = [stage.tenant("alder").await, stage.tenant("birch").await];
    stage.campaign(&input(), &tenants[..1]).await;
    let second = stage.draft(&input(), &tenants).await;
    let mut op = stage.op().await;
    let seen = campaign::outlook(&mut op, Scope::all(), second)
        .await
        .unwrap();
    drop(op);
    assert_eq!((seen.asked, seen.shared, seen.elsewhere), (2, 1, 0));
    let here = format!("/monitoring/campaigns/{second}");
    let text = stage.owner.get(&here).await.text();
    assert!(
        text.contains("1 of them waits in another campaign that is running or paused"),
        "{text}"
    );
    assert!(
        text.contains("Another campaign that is not over has this name."),
        "{text}"
    );
}
