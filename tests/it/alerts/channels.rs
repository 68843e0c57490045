//! Channels that fail, stall, lie and come back; workers that die between any two steps. Nothing is lost, and what comes twice
//! is known by its id.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tenantry::domain::alert::{self, ChannelKind};
use tenantry::domain::technician::Role;

use super::receiver::Mood;
use super::stage::Stage;

const HOUR: Duration = Duration::from_hours(1);

/// A stage with one webhook that hears of the expired, and `count` tenants of which each has just died.
async fn dying(count: usize) -> (Stage, uuid::Uuid) {
    let stage = Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    stage.rule(&["expired", "recovered"], &[hook]).await;
    for n in 0..count {
        let (_, connection) = stage.tenant(&format!("tenant-{n}")).await;
        stage.dies(connection).await;
    }
    (stage, hook)
}

#[tokio::test]
async fn three_days_of_outage_lose_nothing() {
    let (stage, _) = dying(5).await;
    for mood in [Mood::Fails, Mood::Lies, Mood::Redirects] {
        stage.receiver.be(mood);
        stage.settle().await;
        for _ in 0..24 {
            stage.later(HOUR);
            stage.settle().await;
        }
    }
    let attempts = stage.receiver.heard();
    let ids: HashSet<String> = attempts.iter().map(|one| one.id().to_owned()).collect();
    assert_eq!(ids.len(), 5, "every attempt of a message has its id");
    assert!(attempts.len() < 5 * 15, "{} attempts", attempts.len());
    let before = attempts.len();
    stage.receiver.be(Mood::Takes);
    stage.later(HOUR * 24);
    stage.settle().await;
    let after: HashSet<String> = stage.receiver.heard()[before..]
        .iter()
        .map(|one| one.id().to_owned())
        .collect();
    assert_eq!(after, ids, "each of them arrived");
    assert_eq!(
        stage
            .number("select count(*) from alert_deliveries where state <> 'delivered'")
            .await,
        0
    );
}

#[tokio::test]
async fn a_worker_that_dies_between_any_two_steps_loses_nothing() {
    let (stage, hook) = dying(1).await;
    let courier = stage.courier();
    // While looking: nothing was committed.
    let mut op = stage.op().await;
    alert::evaluate(&mut op, &stage.app.app.voice())
        .await
        .unwrap()
        .unwrap();
    op.roll_back().await.unwrap();
    assert_eq!(stage.number("select count(*) from alerts").await, 0);
    stage.look().await;
    stage.look().await;
    assert_eq!(
        stage.number("select count(*) from alert_deliveries").await,
        1
    );
    // Claimed and not sent: nobody else takes it before the lease ends.
    alert::claim(&courier, hook, None).await.unwrap().unwrap();
    assert!(alert::claim(&courier, hook, None).await.unwrap().is_none());
    stage
        .sql("update alert_deliveries set lease_until = now() - interval '1 second'")
        .await;
    // Sent and not settled: it goes out again under the same id.
    let claimed = alert::claim(&courier, hook, None).await.unwrap().unwrap();
    assert!(alert::send(&courier, &claimed).await.ok);
    stage
        .sql("update alert_deliveries set lease_until = now() - interval '1 second'")
        .await;
    stage.settle().await;
    let heard = stage.receiver.heard();
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0].id(), heard[1].id());
    assert_eq!(heard[0].text, heard[1].text, "the same words");
    assert_eq!(
        stage
            .number("select count(*) from alert_deliveries where state = 'delivered'")
            .await,
        1
    );
}

#[tokio::test]
async fn an_attempt_that_outlives_its_lease_undoes_nothing() {
    let (stage, hook) = dying(1).await;
    let courier = stage.courier();
    stage.look().await;
    stage.receiver.be(Mood::Fails);
    let slow = alert::claim(&courier, hook, None).await.unwrap().unwrap();
    let failed = alert::send(&courier, &slow).await;
    stage
        .sql("update alert_deliveries set lease_until = now() - interval '1 second'")
        .await;
    stage.receiver.be(Mood::Takes);
    assert_eq!(stage.send().await, (1, 0));
    alert::settle(&courier, &slow, &failed).await.unwrap();
    let delivered = "select count(*) from alert_deliveries where state = 'delivered'";
    assert_eq!(stage.number(delivered).await, 1);
    assert_eq!(stage.send().await, (0, 0), "it is not sent again");
}

#[tokio::test]
async fn a_receiver_that_takes_and_dies_hears_it_again_under_the_same_id() {
    let (stage, _) = dying(1).await;
    stage.receiver.be(Mood::TakesAndDies);
    stage.settle().await;
    stage.receiver.be(Mood::Takes);
    stage.later(Duration::from_secs(6));
    stage.settle().await;
    let heard = stage.receiver.heard();
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0].id(), heard[1].id());
}

#[tokio::test]
async fn a_receiver_that_stalls_holds_up_no_other_channel() {
    let (stage, _) = dying(0).await;
    stage.receiver.be(Mood::Stalls);
    let mail = stage.channel(ChannelKind::Mail, "Desk").await;
    stage.rule(&["expired"], &[mail]).await;
    let (_, connection) = stage.tenant("ashgrove").await;
    stage.dies(connection).await;
    stage.look().await;
    let (began, courier) = (Instant::now(), stage.courier());
    let sending = tokio::spawn(async move { alert::deliver(&courier).await.unwrap() });
    while stage.mail.letters().is_empty() {
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "the letter waited for the receiver"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(sending.await.unwrap(), (1, 1));
    assert!(began.elapsed() < Duration::from_secs(25));
    let outcome =
        "select count(*) from alert_deliveries where outcome = 'timed out' and state = 'pending'";
    assert_eq!(stage.number(outcome).await, 1);
}

#[tokio::test]
async fn a_channel_that_fails_for_five_days_is_disabled_with_a_notice_and_replayed_by_hand() {
    let (stage, hook) = dying(2).await;
    stage.app.technician("boss@msp.example", Role::Owner).await;
    stage.receiver.be(Mood::Fails);
    for _ in 0..(24 * 7) {
        stage.settle().await;
        stage.later(HOUR);
    }
    let state = "select count(*) from alert_channels where state = 'disabled'";
    assert_eq!(stage.number(state).await, 1);
    assert_eq!(
        stage
            .number("select count(*) from alert_deliveries where state = 'pending'")
            .await,
        2
    );
    let letters = stage.mail.letters();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(
        letters[0].contains("boss@msp.example") && letters[0].contains("Hook"),
        "{}",
        letters[0]
    );
    let heard = stage.receiver.heard().len();
    stage.receiver.be(Mood::Takes);
    stage.settle().await;
    assert_eq!(
        stage.receiver.heard().len(),
        heard,
        "nobody is called any more"
    );
    let mut op = stage.op().await;
    assert_eq!(alert::replay_failed(&mut op, hook).await.unwrap(), 2);
    op.commit().await.unwrap();
    stage.settle().await;
    assert_eq!(stage.receiver.heard().len(), heard + 2);
}

#[tokio::test]
async fn a_test_of_a_channel_that_is_disabled_gives_it_up_no_second_time() {
    let (stage, hook) = dying(0).await;
    stage.app.technician("boss@msp.example", Role::Owner).await;
    let long_ago = stage.app.clock.now() - time::Duration::days(6);
    stage
        .sql(&format!(
            "update alert_channels set state = 'disabled', failing_since = '{long_ago}' where id = '{hook}'"
        ))
        .await;
    stage.receiver.be(Mood::Fails);
    let admin = stage.app.login(Role::Admin).await;
    let page = format!("/configuration/alerts/channels/{hook}");
    let shown = admin.get(&page).await;
    let done = admin.submit(&shown, "form[action$='/test']", &[]).await;
    let page = admin.follow(done).await;
    assert!(page.text().contains("5xx"), "{}", page.text());
    stage.settle().await;
    assert!(stage.mail.letters().is_empty(), "the owners know already");
}

#[tokio::test]
async fn a_ticket_is_opened_once_appended_to_and_closed_in_that_order() {
    let stage = Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::TicketWebhook, "PSA").await;
    let mail = stage.channel(ChannelKind::TicketMail, "PSA by mail").await;
    stage
        .rule_with(&["expired"], &[hook, mail], |rule| {
            rule.remind_hours = "4".into();
        })
        .await;
    let (_, connection) = stage.tenant("ashgrove").await;
    stage.dies(connection).await;
    stage.receiver.be(Mood::Fails);
    stage.settle().await;
    stage.later(HOUR * 4);
    stage.settle().await;
    stage.lives(connection).await;
    stage.settle().await;
    let failed = stage.receiver.heard();
    assert!(
        failed.iter().all(|one| one.body["type"] == "ticket.open"),
        "the others wait for it"
    );
    stage.receiver.be(Mood::Takes);
    stage.later(HOUR * 24);
    stage.settle().await;
    let heard = stage.receiver.heard()[failed.len()..].to_vec();
    let acts: Vec<&str> = heard
        .iter()
        .map(|one| one.body["type"].as_str().unwrap())
        .collect();
    assert_eq!(acts, ["ticket.open", "ticket.append", "ticket.close"]);
    let keys: HashSet<String> = heard
        .iter()
        .map(|one| one.body["data"]["key"].to_string())
        .collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    let letters = stage.mail.letters();
    let key = heard[0].body["data"]["key"].as_str().unwrap();
    assert_eq!(letters.len(), 3);
    assert!(
        letters
            .iter()
            .all(|letter| letter.contains(key) && letter.contains("References: "))
    );
    assert!(letters[2].contains("Closed"), "{}", letters[2]);
}

#[tokio::test]
async fn chats_get_their_own_forms() {
    let stage = Stage::new().await;
    stage.silence().await;
    let teams = stage.channel(ChannelKind::Teams, "Teams").await;
    let slack = stage.channel(ChannelKind::Slack, "Slack").await;
    stage.rule(&["expired"], &[teams, slack]).await;
    let (_, connection) = stage.tenant("ashgrove").await;
    stage.dies(connection).await;
    stage.settle().await;
    let heard = stage.receiver.heard();
    assert_eq!(heard.len(), 2);
    let has = |pointer: &str| heard.iter().any(|one| one.body.pointer(pointer).is_some());
    assert!(has("/attachments/0/content/actions/0/url") && has("/blocks/0/text/text"));
    assert!(
        heard
            .iter()
            .all(|one| !one.headers.contains_key("webhook-signature"))
    );
}

#[tokio::test]
async fn the_dead_mans_switch_is_called_while_events_are_looked_at_and_not_otherwise() {
    let stage = Stage::new().await;
    stage.channel(ChannelKind::Heartbeat, "Watch").await;
    let courier = stage.courier();
    assert!(alert::beat(&courier).await.unwrap().withheld);
    let now = stage.app.clock.now();
    stage
        .sql(&format!(
            "insert into worker_runs (name, about, period_s, runs, failed_runs, failures, last_run_at, last_good_at, duration_ms, last_word)
             values ('alerts', 'x', 5, 1, 0, 0, '{now}', '{now}', 1, 'x')"
        ))
        .await;
    for _ in 0..3 {
        alert::beat(&courier).await.unwrap();
    }
    assert_eq!(stage.receiver.heard().len(), 1, "once in five minutes");
    stage.later(Duration::from_mins(5));
    assert!(
        alert::beat(&courier).await.unwrap().withheld,
        "the worker has not run since"
    );
    stage
        .sql(&format!(
            "update worker_runs set last_good_at = '{}'",
            stage.app.clock.now()
        ))
        .await;
    assert_eq!(alert::beat(&courier).await.unwrap().answered, 1);
    assert_eq!(stage.receiver.heard()[1].body["type"], "heartbeat");
}

#[tokio::test]
async fn after_a_restore_every_channel_waits_until_somebody_lets_it_go() {
    let (stage, hook) = dying(1).await;
    stage.look().await;
    let mut op = stage.op().await;
    assert_eq!(alert::hold_all(&mut op).await.unwrap(), 2);
    op.commit().await.unwrap();
    stage.settle().await;
    assert!(stage.receiver.heard().is_empty());
    let mut op = stage.op().await;
    alert::set_state(&mut op, hook, true).await.unwrap();
    op.commit().await.unwrap();
    stage.settle().await;
    assert_eq!(stage.receiver.heard().len(), 1);
}
