//! "Try failed ones again": who could not be asked is asked when that is put right, also after the end.

use std::time::Duration;

use tenantry::domain::campaign::{self, ActError, Stage as Step};
use tenantry::domain::op::Scope;

use super::stage::{Stage, input, letters, runner};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn a_campaign_that_ended_because_nobody_could_be_asked_is_tried_again() {
    let stage = Stage::new().await;
    let alder = stage.tenant("alder").await;
    let address = |email: &str| format!("invitation_email = '{email}'");
    stage.fleet.change_tenant(alder, &address("")).await;
    let id = stage.campaign(&input(), &[alder]).await;
    stage.turns().await;
    stage.turns().await;
    let here = format!("/monitoring/campaigns/{id}");
    let page = stage.owner.get(&here).await;
    assert!(page.text().contains("Done"), "{}", page.text());
    assert!(!page.has("form[action$=stop]"));
    stage
        .fleet
        .change_tenant(alder, &address("it@alder.example"))
        .await;
    let retried = stage.owner.submit(&page, "form[action$=retry]", &[]).await;
    let page = stage.owner.follow(retried).await;
    assert!(
        page.text().contains("1 tenant waits again."),
        "{}",
        page.text()
    );
    assert!(page.text().contains("Running"), "{}", page.text());
    stage.turns().await;
    assert_eq!(stage.at(id, "alder").await.0, Step::Sent);
    assert_eq!(letters(&stage.server).len(), 1);
}

/// Its end and another try at the same moment: whichever is first, nobody waits in a campaign that is over.
#[tokio::test]
async fn nobody_is_left_waiting_when_a_campaign_ends_and_is_tried_again_at_once() {
    let stage = Stage::new().await;
    let alder = stage.tenant("alder").await;
    stage
        .fleet
        .change_tenant(alder, "invitation_email = ''")
        .await;
    let id = stage.campaign(&input(), &[alder]).await;
    runner(&stage.app.app).sweep().await.unwrap();
    stage.app.advance(Duration::from_secs(1));
    for _ in 0..10 {
        let work = runner(&stage.app.app);
        let again = async {
            let mut op = stage.op().await;
            campaign::retry(&mut op, Scope::all(), id).await.unwrap();
            op.commit().await.unwrap();
        };
        let ((), swept) = tokio::join!(again, work.sweep());
        swept.unwrap();
        let stranded: i64 = sqlx::query_scalar(
            "select count(*) from campaign_tenants k join campaigns c on c.id = k.campaign_id
             where k.state = 'waiting' and c.state = 'done'",
        )
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
        assert_eq!(stranded, 0);
        stage.turns().await;
    }
}

#[tokio::test]
async fn after_its_deadline_a_campaign_is_not_tried_again() {
    let stage = Stage::new().await;
    let alder = stage.tenant("alder").await;
    stage
        .fleet
        .change_tenant(alder, "invitation_email = ''")
        .await;
    let mut typed = input();
    typed.deadline = (stage.app.clock.now() + DAY).date().to_string();
    let id = stage.campaign(&typed, &[alder]).await;
    stage.turns().await;
    stage.app.advance(DAY * 3);
    let mut op = stage.op().await;
    let refused = campaign::retry(&mut op, Scope::all(), id).await;
    assert!(matches!(refused, Err(ActError::TooLate)), "{refused:?}");
}
