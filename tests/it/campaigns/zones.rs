//! Hours, days and deadlines are meant by somebody's clock, in summer and in winter.

use std::time::Duration;

use tenantry::domain::campaign::{self, Campaign};
use tenantry::domain::op::Scope;
use tenantry::domain::zone::Zone;
use tenantry::storage::CampaignId;
use time::{OffsetDateTime, Time};

use super::stage::{Stage, input};

async fn stored(stage: &Stage, id: CampaignId) -> Campaign {
    let mut op = stage.op().await;
    let found = campaign::get(&mut op, Scope::all(), id).await.unwrap();
    found.unwrap()
}

/// Move the clock to this instant, not a moment before it: the clock is moved by whole milliseconds.
fn go_to(stage: &Stage, at: OffsetDateTime) {
    let ahead = at - stage.app.clock.now() + time::Duration::MILLISECOND;
    stage.app.advance(Duration::try_from(ahead).unwrap());
}

#[tokio::test]
async fn the_morning_after_the_clocks_are_changed_mails_go_out_at_the_same_hour() {
    let stage = Stage::new().await;
    let berlin = Zone::parse("Europe/Berlin").unwrap();
    // The last evening before the next change.
    let mut day = berlin
        .local(stage.app.clock.now())
        .date()
        .next_day()
        .unwrap();
    let offset = |day: time::Date| berlin.local(berlin.end_of(day)).offset();
    while offset(day) == offset(day.next_day().unwrap()) {
        day = day.next_day().unwrap();
    }
    let evening = berlin.instant(day.with_time(Time::from_hms(20, 0, 0).unwrap()));
    go_to(&stage, evening);
    let tenant = stage.tenant("alder").await;
    let mut typed = input();
    (typed.hours_from, typed.hours_until) = ("8".into(), "17".into());
    typed.zone = "Europe/Berlin".into();
    let id = stage.campaign(&typed, &[tenant]).await;
    let opens = berlin.local(stored(&stage, id).await.next_send_at.unwrap());
    assert_eq!(opens.time(), Time::from_hms(8, 0, 0).unwrap());
    assert_eq!(opens.date(), day.next_day().unwrap());
    let night = (opens - evening).whole_hours();
    assert!([11, 13].contains(&night), "not the usual twelve: {night}");

    go_to(&stage, opens - time::Duration::minutes(1));
    stage.turns().await;
    assert_eq!(stage.server.letters().len(), 0);
    go_to(&stage, opens);
    stage.turns().await;
    assert_eq!(stage.server.letters().len(), 1);
}

#[tokio::test]
async fn a_deadline_is_the_end_of_its_day_there_and_says_where() {
    let stage = Stage::new().await;
    stage.tenant("alder").await;
    let refused = stage
        .make(&stage.owner, "", &[("zone", "Middle-Earth")])
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.field_error("zone").contains("Europe/Berlin"));
    assert_eq!(refused.value("zone"), "Middle-Earth");

    let zone = Zone::parse("Pacific/Auckland").unwrap();
    let last = stage.app.clock.now() + time::Duration::days(20);
    let last = zone.local(last).date();
    let fields = [
        ("zone", "pacific/auckland"),
        ("deadline", &*last.to_string()),
        ("hours_from", "8"),
        ("hours_until", "17"),
    ];
    let made = stage.make(&stage.owner, "", &fields).await;
    let draft = stage.owner.follow(made).await;
    let text = draft.text();
    assert!(
        text.contains("from 8:00 to 17:00 (Pacific/Auckland)"),
        "{text}"
    );
    let said = format!("the end of {last} in Pacific/Auckland: ");
    assert!(text.contains(&said), "{text}");
    let by = format!("Please do it by {} ", last.day());
    assert!(text.contains(&by), "the customer reads that day: {text}");
    let stored: OffsetDateTime = sqlx::query_scalar("select deadline from campaigns")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(stored, zone.end_of(last));
    // Whoever makes the next one finds it filled in.
    let form = stage.owner.get("/monitoring/campaigns/new").await;
    assert_eq!(form.value("zone"), "Pacific/Auckland");
}

#[tokio::test]
async fn the_first_campaign_begins_with_the_zone_of_the_quiet_hours() {
    let stage = Stage::new().await;
    let zone = async || {
        let form = stage.owner.get("/monitoring/campaigns/new").await;
        form.value("zone")
    };
    assert_eq!(zone().await, "UTC");
    sqlx::query(
        "update alert_rules set quiet_from = '22:00', quiet_until = '06:00', quiet_zone = 'Europe/Vienna'",
    )
    .execute(&stage.app.pool)
    .await
    .unwrap();
    assert_eq!(zone().await, "Europe/Vienna");
}
