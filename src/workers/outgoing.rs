//! What leaves: mails to customers, campaigns, alerts and their messages.

use std::time::Duration;

use super::{Job, Worker};
use crate::app::App;
use crate::domain::op::{Actor, Op};
use crate::domain::{alert, campaign, customer_mail};

pub(super) fn jobs(job: Job<'_>) -> Vec<Worker> {
    let minutes = Duration::from_mins;
    vec![
        job(
            "campaigns",
            "Asks and reminds the tenants of campaigns, at their pace, and checks who is through",
            Duration::from_secs(10),
            |app| Box::pin(campaigns(app)),
        ),
        job(
            "alerts",
            "Turns what happened into alerts and messages",
            Duration::from_secs(5),
            |app| Box::pin(alerts(app)),
        ),
        job(
            "alert deliveries",
            "Hands messages of alerts to their channels",
            Duration::from_secs(3),
            |app| Box::pin(alert_deliveries(app)),
        ),
        job(
            "alert heartbeats",
            "Calls the dead man's switches",
            Duration::from_secs(15),
            |app| Box::pin(alert_heartbeats(app)),
        ),
        job(
            "customer news",
            "Queues reminders, receipts and warnings for customers who get them",
            minutes(1),
            |app| Box::pin(customer_news(app)),
        ),
        job(
            "customer mails",
            "Sends queued mails to customers",
            Duration::from_secs(5),
            |app| Box::pin(customer_mails(app)),
        ),
    ]
}

async fn campaigns(app: App) -> anyhow::Result<String> {
    let runner = campaign::Runner {
        pool: app.pool.clone(),
        clock: app.clock.clone(),
        keeper: app.keeper.clone(),
    };
    let swept = runner.sweep().await?;
    Ok(format!(
        "{} asked, {} reminded, {} left out, {} checked, {} campaigns ended",
        swept.asked, swept.reminded, swept.left_out, swept.checked, swept.ended
    ))
}

/// As long as happenings wait, transaction after transaction, but not for ever.
async fn alerts(app: App) -> anyhow::Result<String> {
    let (mut happenings, mut opened, mut closed) = (0, 0, 0);
    for _ in 0..50 {
        let mut op = Op::begin(&app.pool, &app.clock, Actor::Worker("alerts")).await?;
        let Some(done) = alert::evaluate(&mut op, &app.voice()).await? else {
            return Ok("another replica is at it".to_owned());
        };
        op.commit().await?;
        happenings += done.happenings;
        opened += done.opened;
        closed += done.closed;
        if !done.more {
            break;
        }
    }
    Ok(format!(
        "{happenings} happenings, {opened} alerts opened, {closed} closed"
    ))
}

async fn alert_deliveries(app: App) -> anyhow::Result<String> {
    let (taken, not) = alert::deliver(&app.courier()).await?;
    Ok(format!("{taken} messages delivered, {not} not"))
}

async fn alert_heartbeats(app: App) -> anyhow::Result<String> {
    let beat = alert::beat(&app.courier()).await?;
    Ok(if beat.withheld {
        "withheld: nobody looks at events".to_owned()
    } else {
        format!("{} of {} answered", beat.answered, beat.called)
    })
}

async fn customer_news(app: App) -> anyhow::Result<String> {
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Worker("customer news")).await?;
    let queued = customer_mail::queue_news(&mut op).await?;
    op.commit().await?;
    Ok(format!("{queued} mails queued"))
}

async fn customer_mails(app: App) -> anyhow::Result<String> {
    let swept = app.sender().sweep().await?;
    Ok(format!(
        "{} sent, {} later, {} failed, {} cancelled",
        swept.sent, swept.later, swept.failed, swept.cancelled
    ))
}
