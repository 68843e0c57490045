//! One incident is one alert, for whoever has a thousand tenants to hear of.

use std::time::Duration;

use tenantry::domain::alert::{self, ChannelKind, Voice};
use tenantry::domain::op::{Actor, Op};
use tenantry::simulator::directory::{Cause, Target};

use super::stage::Stage;
use crate::keeper::incidents::world;

const ALERTS: &str = "select count(*) from alerts";

async fn look(pool: &sqlx::PgPool, clock: &tenantry::clock::Clock) {
    loop {
        let mut op = Op::begin(pool, clock, Actor::Command("test"))
            .await
            .unwrap();
        let voice = Voice {
            base_url: "https://portal.example".parse().unwrap(),
            has_mail: true,
        };
        let done = alert::evaluate(&mut op, &voice).await.unwrap().unwrap();
        op.commit().await.unwrap();
        if !done.more {
            return;
        }
    }
}

#[tokio::test]
async fn two_hundred_tenants_dying_of_our_own_expired_secret_are_one_alert() {
    let world = world(200).await;
    let ours = Target {
        client_id: Some(world.client_id),
        ..Target::default()
    };
    world
        .directory()
        .kill(&ours, &Cause::SecretExpired)
        .unwrap();
    let pool = world.db.web();
    let _keeper = world.keeper().await;
    world
        .until_number("select count(*) from incident_tenants", 200)
        .await;
    look(&pool, &world.clock).await;
    // Two hours of it, with everything that waits tried again and again.
    for _ in 0..24 {
        world.clock.advance(Duration::from_mins(5));
        world.make_due().await;
        look(&pool, &world.clock).await;
    }
    assert_eq!(world.number(ALERTS).await, 1);
    world.directory().restore(&ours).unwrap();
    let open = "select count(*) from incidents where closed_at is null";
    world.in_time(open, 0).await;
    // They come back one after another, some long after the incident is over.
    world.clock.advance(Duration::from_hours(2));
    look(&pool, &world.clock).await;
    world.make_due().await;
    let trouble = "select count(*) from connections where trouble_since is not null";
    world.in_time(trouble, 0).await;
    look(&pool, &world.clock).await;
    assert_eq!(world.number(ALERTS).await, 1);
    let closed =
        "select count(*) from alerts where event = 'incident' and closed_why = 'recovered'";
    assert_eq!(world.number(closed).await, 1);
    assert_eq!(
        world.number("select count(*) from alert_deliveries").await,
        2,
        "one alarm and its end"
    );
}

/// An incident that touches these tenants, open from now on.
async fn incident(stage: &Stage, tenants: &[tenantry::storage::TenantId]) -> uuid::Uuid {
    let (id, now) = (tenantry::clock::ordered_uuid(), stage.app.clock.now());
    stage
        .sql(&format!(
            "insert into incidents (id, kind, cause, opened_at, last_seen_at, holds_until)
             values ('{id}', 'mass', 'mass:test', '{now}', '{now}', '{now}')"
        ))
        .await;
    for tenant in tenants {
        stage
            .sql(&format!(
                "insert into incident_tenants (tenant_id, incident_id) values ('{tenant}', '{id}')"
            ))
            .await;
    }
    id
}

#[tokio::test]
async fn who_is_still_in_trouble_after_the_incident_is_not_told_for_it_and_the_next_trouble_is() {
    let stage = Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    stage
        .rule(&["incident", "retrying", "expired", "recovered"], &[hook])
        .await;
    let (tenant, connection) = stage.tenant("ashgrove").await;
    stage.stumbles(connection).await;
    stage.later(Duration::from_mins(10));
    let id = incident(&stage, &[tenant]).await;
    stage.settle().await;
    stage.later(Duration::from_hours(2));
    stage.settle().await;
    let now = stage.app.clock.now();
    stage
        .sql(&format!(
            "update incidents set closed_at = '{now}' where id = '{id}'"
        ))
        .await;
    stage.settle().await;
    stage.later(Duration::from_hours(5));
    stage.settle().await;
    assert_eq!(stage.heard(), ["incident opened", "incident closed"]);
    stage.lives(connection).await;
    stage.later(Duration::from_hours(1));
    stage.stumbles(connection).await;
    stage.later(Duration::from_hours(2));
    stage.settle().await;
    assert_eq!(stage.heard()[2..], ["retrying opened"]);
}

#[tokio::test]
async fn who_is_left_expired_a_day_after_the_incident_is_told_by_name() {
    let stage = Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    stage.rule(&["incident", "expired"], &[hook]).await;
    let (tenant, connection) = stage.tenant("ashgrove").await;
    let id = incident(&stage, &[tenant]).await;
    stage.later(Duration::from_mins(5));
    stage.dies(connection).await;
    stage.settle().await;
    assert_eq!(stage.heard(), ["incident opened"]);
    stage.later(Duration::from_mins(5));
    let now = stage.app.clock.now();
    stage
        .sql(&format!(
            "update incidents set closed_at = '{now}' where id = '{id}'"
        ))
        .await;
    stage.later(Duration::from_hours(20));
    stage.settle().await;
    assert_eq!(stage.heard(), ["incident opened"]);
    stage.later(Duration::from_hours(5));
    stage.settle().await;
    stage.settle().await;
    assert_eq!(stage.heard(), ["incident opened", "expired opened"]);
}

#[tokio::test]
async fn without_a_rule_for_incidents_each_tenant_is_told() {
    let stage = Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    stage.rule(&["expired"], &[hook]).await;
    let (tenant, connection) = stage.tenant("ashgrove").await;
    incident(&stage, &[tenant]).await;
    stage.dies(connection).await;
    stage.settle().await;
    assert_eq!(stage.heard(), ["expired opened"]);
}
