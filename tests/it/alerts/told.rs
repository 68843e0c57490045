//! Each event becomes one message per rule and channel, and its end another.

use std::time::Duration;

use tenantry::domain::alert::{self, ChannelKind};
use tenantry::domain::op::Scope;
use tenantry::domain::technician::Role;

use super::stage::Stage;

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn an_expired_authorisation_is_told_once_and_so_is_its_return() {
    let stage = Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    stage.rule(&["expired", "recovered"], &[hook]).await;
    let (_, connection) = stage.tenant("ashgrove").await;
    stage.look().await;
    stage.dies(connection).await;
    stage.settle().await;
    stage.settle().await;
    assert_eq!(stage.heard(), ["expired opened"]);
    let first = &stage.receiver.heard()[0].body["data"];
    assert_eq!(first["tenant"]["short_name"], "ashgrove");
    assert_eq!(first["cause"], "Password changed or sessions revoked");
    assert!(
        first["link"]
            .as_str()
            .unwrap()
            .ends_with("/tenants/ashgrove/configuration/m365")
    );
    stage.later(HOUR);
    stage.lives(connection).await;
    stage.settle().await;
    assert_eq!(stage.heard(), ["expired opened", "expired closed"]);
    assert_eq!(stage.receiver.heard()[1].body["data"]["sequence"], 2);
}

#[tokio::test]
async fn a_fresh_installation_mails_its_owners() {
    let stage = Stage::new().await;
    stage.app.technician("boss@msp.example", Role::Owner).await;
    stage
        .app
        .technician("desk@msp.example", Role::Technician)
        .await;
    let (_, connection) = stage.tenant("ashgrove").await;
    stage.dies(connection).await;
    stage.settle().await;
    let letters = stage.mail.letters();
    assert_eq!(letters.len(), 1);
    for part in [
        "To: boss@msp.example",
        "ashgrove: authorisation expired",
        "Auto-Submitted: auto-generated",
        "Message-ID: <",
    ] {
        assert!(
            letters[0].contains(part),
            "{part} is missing in {}",
            letters[0]
        );
    }
}

#[tokio::test]
async fn renewals_that_fail_are_told_when_they_have_failed_long_enough() {
    let stage = Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    stage.rule(&["retrying", "recovered"], &[hook]).await;
    let (_, connection) = stage.tenant("ashgrove").await;
    stage.stumbles(connection).await;
    stage.later(Duration::from_mins(50));
    stage.settle().await;
    assert!(stage.heard().is_empty());
    stage.later(Duration::from_mins(11));
    stage.settle().await;
    stage.settle().await;
    assert_eq!(stage.heard(), ["retrying opened"]);
    stage.lives(connection).await;
    stage.settle().await;
    assert_eq!(stage.heard(), ["retrying opened", "retrying closed"]);
}

#[tokio::test]
async fn an_end_that_comes_is_told_by_each_rule_at_its_own_lead() {
    let stage = Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    for days in ["30", "3"] {
        stage
            .rule_with(&["expiring", "recovered"], &[hook], |rule| {
                rule.lead_days = days.into();
            })
            .await;
    }
    let (_, connection) = stage.tenant("ashgrove").await;
    stage
        .fleet
        .expires(connection, time::Duration::days(10), "sign_in_frequency")
        .await;
    stage.settle().await;
    assert_eq!(stage.heard(), ["expiring opened"]);
    stage.later(HOUR * 24 * 8);
    stage.settle().await;
    assert_eq!(stage.heard(), ["expiring opened"; 2]);
    stage
        .fleet
        .expires(connection, time::Duration::days(90), "sign_in_frequency")
        .await;
    tenantry::domain::connection::freshen_status(&stage.app.app.pool)
        .await
        .unwrap();
    stage.settle().await;
    assert_eq!(stage.heard()[2..], ["expiring closed"; 2]);
}

#[tokio::test]
async fn each_step_of_an_invitation_is_told() {
    let stage = Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    let events = [
        "invitation_opened",
        "invitation_completed",
        "invitation_failed",
        "invitation_lapsing",
    ];
    stage.rule(&events, &[hook]).await;
    let tenant = stage.fleet.tenant("ashgrove", "Ashgrove").await;
    let invitation = stage
        .fleet
        .invitation(tenant, time::Duration::days(5))
        .await;
    let now = stage.app.clock.now();
    stage
        .sql(&format!(
            "update invitations set started_at = '{now}' where id = '{invitation}'"
        ))
        .await;
    stage.settle().await;
    assert_eq!(stage.heard(), ["invitation_opened told"]);
    stage.later(HOUR * 24 * 4 + HOUR);
    stage.settle().await;
    stage.settle().await;
    assert_eq!(stage.heard()[1..], ["invitation_lapsing opened"]);
    let link = stage.receiver.heard()[1].body["data"]["link"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        link.ends_with(&format!(
            "/tenants/ashgrove/invitations/{invitation}/auth-url"
        )),
        "{link}"
    );
    assert!(
        !stage.receiver.heard()[1].text.contains("inv_"),
        "the secret link stays here"
    );
    let now = stage.app.clock.now();
    stage.sql(&format!("update invitations set state = 'completed', ended_at = '{now}' where id = '{invitation}'")).await;
    stage.settle().await;
    assert_eq!(stage.heard()[2..], ["invitation_completed told"]);
    assert_eq!(
        stage
            .number("select count(*) from alerts where closed_at is null")
            .await,
        0
    );
}

#[tokio::test]
async fn a_rule_tells_of_its_tenants_alone() {
    let stage = Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    let (gold, one) = stage.tenant("ashgrove").await;
    let (_, other) = stage.tenant("birch").await;
    stage.fleet.tag(gold, "gold").await;
    stage
        .rule_with(&["expired"], &[hook], |rule| {
            rule.reach = "only".into();
            rule.tags = "gold".into();
        })
        .await;
    stage.dies(one).await;
    stage.dies(other).await;
    stage.settle().await;
    assert_eq!(stage.heard(), ["expired opened"]);
    assert_eq!(
        stage.receiver.heard()[0].body["data"]["tenant"]["short_name"],
        "ashgrove"
    );
}

#[tokio::test]
async fn what_a_changed_rule_would_not_tell_any_more_is_closed_without_a_word() {
    let stage = Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    let events = ["expired", "expiring", "recovered"];
    let rule = stage
        .rule_with(&events, &[hook], |rule| rule.remind_hours = "4".into())
        .await;
    let (_, ending) = stage.tenant("ashgrove").await;
    stage
        .fleet
        .expires(ending, time::Duration::days(3), "sign_in_frequency")
        .await;
    for name in ["birch", "cedar"] {
        let (_, connection) = stage.tenant(name).await;
        stage.dies(connection).await;
    }
    stage.settle().await;
    assert_eq!(stage.heard().len(), 3);
    stage
        .change_rule(rule, |rule| {
            rule.events = vec!["expired".into(), "recovered".into()];
            rule.reach = "except".into();
            rule.tenants = "birch".into();
        })
        .await;
    stage.later(HOUR * 4);
    stage.settle().await;
    let reminded = &stage.receiver.heard()[3..];
    assert_eq!(reminded.len(), 1, "{reminded:?}");
    assert_eq!(reminded[0].what(), "expired reminder");
    assert_eq!(reminded[0].body["data"]["tenant"]["short_name"], "cedar");
    let open = "select count(*) from alerts where closed_at is null";
    assert_eq!(stage.number(open).await, 1);
}

#[tokio::test]
async fn quiet_hours_hold_what_is_not_urgent() {
    let stage = Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    let now = stage.app.clock.now().to_offset(time::macros::offset!(+9));
    let clock = |hours: i8| {
        let hour = (i16::from(now.hour()) + i16::from(hours)).rem_euclid(24);
        format!("{hour:02}:00")
    };
    for severity in ["warning", "urgent"] {
        stage
            .rule_with(&["expired"], &[hook], |rule| {
                rule.severity = severity.into();
                rule.quiet_from = clock(-1);
                rule.quiet_until = clock(3);
                rule.quiet_zone = "Asia/Tokyo".into();
            })
            .await;
    }
    let (_, connection) = stage.tenant("ashgrove").await;
    stage.dies(connection).await;
    stage.settle().await;
    let severities = || -> Vec<String> {
        let heard = stage.receiver.heard();
        heard
            .iter()
            .map(|one| one.body["data"]["severity"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(severities(), ["urgent"]);
    stage.later(HOUR * 3);
    stage.settle().await;
    assert_eq!(severities(), ["urgent", "warning"]);
}

#[tokio::test]
async fn it_is_told_again_until_it_is_over_and_not_while_it_is_snoozed() {
    let stage = Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    stage
        .rule_with(&["expired"], &[hook], |rule| rule.remind_hours = "4".into())
        .await;
    let (_, connection) = stage.tenant("ashgrove").await;
    stage.dies(connection).await;
    stage.settle().await;
    stage.later(HOUR * 4);
    stage.settle().await;
    stage.settle().await;
    assert_eq!(stage.heard(), ["expired opened", "expired reminder"]);
    let mut op = stage.op().await;
    let open = alert::list(&mut op, Scope::all(), &alert::Filter::default())
        .await
        .unwrap();
    let day = (op.now() + time::Duration::days(2)).date();
    alert::snooze(&mut op, Scope::all(), open[0].id, day, "Back on Monday")
        .await
        .unwrap();
    op.commit().await.unwrap();
    stage.later(HOUR * 24);
    stage.settle().await;
    assert_eq!(stage.heard().len(), 2);
    stage.later(HOUR * 48);
    stage.settle().await;
    assert_eq!(stage.heard()[2..], ["expired reminder"]);
}

#[tokio::test]
async fn a_tenant_that_is_snoozed_is_told_when_the_snooze_is_over_and_it_still_lasts() {
    let stage = Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    stage.rule(&["expired", "recovered"], &[hook]).await;
    let (tenant, connection) = stage.tenant("ashgrove").await;
    let (first, other) = stage.tenant("birch").await;
    let now = stage.app.clock.now();
    for id in [tenant, first] {
        let until = now + time::Duration::hours(6);
        stage
            .sql(&format!(
                "insert into tenant_snoozes (tenant_id, until, reason, created_at) values ('{id}', '{until}', 'Moving', '{now}')"
            ))
            .await;
    }
    stage.dies(connection).await;
    stage.dies(other).await;
    stage.settle().await;
    stage.lives(other).await;
    stage.settle().await;
    assert!(stage.heard().is_empty());
    stage.later(HOUR * 7);
    stage.settle().await;
    assert_eq!(stage.heard(), ["expired opened"]);
}

#[tokio::test]
async fn a_change_that_is_rolled_back_never_happened() {
    let stage = Stage::new().await;
    let (_, connection) = stage.tenant("ashgrove").await;
    stage.sql("delete from alert_events").await;
    let mut tx = stage.app.pool.begin().await.unwrap();
    sqlx::query("update connections set state = 'needs_consent' where id = $1")
        .bind(connection)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(stage.number("select count(*) from alert_events").await, 0);
    stage.fleet.change(connection, "last_ok_at = now()").await;
    assert_eq!(
        stage.number("select count(*) from alert_events").await,
        0,
        "a refresh that goes well leaves none"
    );
    stage.dies(connection).await;
    assert_eq!(stage.number("select count(*) from alert_events").await, 1);
}
