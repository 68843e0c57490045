//! How tenants stand: what time alone changes, and what is written down of it.

use std::time::Duration;

use super::{Job, Worker};
use crate::app::App;
use crate::domain::op::{Actor, Op};
use crate::domain::{connection, invitation, onboarding, operations, report};

pub(super) fn jobs(job: Job<'_>) -> Vec<Worker> {
    let hours = Duration::from_hours;
    let minutes = Duration::from_mins;
    vec![
        job(
            "invitations",
            "Ends invitations and attempts whose time is over",
            minutes(1),
            |app| Box::pin(invitations(app)),
        ),
        job(
            "status",
            "Moves tenants whose state changes with time, and adds up the counts",
            Duration::from_secs(5),
            |app| Box::pin(status(app)),
        ),
        job(
            "status dates",
            "Brings last successes and idle limits of the status list up to date",
            minutes(10),
            |app| Box::pin(status_dates(app)),
        ),
        job(
            "samples",
            "Writes down each minute how the fleet stands",
            Duration::from_secs(20),
            |app| Box::pin(samples(app)),
        ),
        job(
            "old samples",
            "Thins samples to one an hour after two days, one a day after ninety",
            hours(1),
            |app| Box::pin(old_samples(app)),
        ),
        job(
            "reports",
            "Sums up each tenant's day and month",
            hours(1),
            |app| Box::pin(reports(app)),
        ),
    ]
}

async fn invitations(app: App) -> anyhow::Result<String> {
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Worker("invitations")).await?;
    let swept = invitation::expire(&mut op).await?;
    let left = onboarding::expire(&mut op).await?;
    op.commit().await?;
    for (tenant, flow) in swept.flows.iter().chain(&left) {
        onboarding::forget(&app.keeper, *tenant, &[*flow]).await;
    }
    Ok(format!(
        "{} invitations expired, {} attempts were left unfinished",
        swept.invitations,
        left.len()
    ))
}

async fn status(app: App) -> anyhow::Result<String> {
    let settled = connection::keep_status(&app.pool, app.clock.now()).await?;
    Ok(format!("{settled} tenants settled"))
}

async fn status_dates(app: App) -> anyhow::Result<String> {
    let behind = connection::freshen_status(&app.pool).await?;
    Ok(format!("{behind} tenants were behind"))
}

async fn samples(app: App) -> anyhow::Result<String> {
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Worker("samples")).await?;
    let taken = operations::take_sample(&mut op).await?;
    op.commit().await?;
    Ok(if taken {
        "a sample taken".to_owned()
    } else {
        "this minute's sample is there".to_owned()
    })
}

async fn old_samples(app: App) -> anyhow::Result<String> {
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Worker("old samples")).await?;
    let deleted = operations::delete_old(&mut op).await?;
    op.commit().await?;
    Ok(format!("{deleted} rows deleted"))
}

async fn reports(app: App) -> anyhow::Result<String> {
    let days = report::roll_up(&app.pool, &app.clock).await?;
    Ok(match days {
        1 => "1 day summed up".to_owned(),
        days => format!("{days} days summed up"),
    })
}
