//! What runs by itself. This is the list: name, sentence, period; the work is the domain's.

pub mod driver;
mod retention;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use driver::{Driver, Run, Status, Worker};

use crate::app::App;
use crate::domain::op::{Actor, Op};
use crate::domain::{invitation, msal_error, onboarding, report, technician};
use crate::web::kit::session;

/// Errors of the coming year have their partition before they happen.
const ERRORS_AHEAD: time::Duration = time::Duration::days(366);

/// Begin all of it; ends with `stop`.
pub fn start(app: &App, stop: &CancellationToken) -> Driver {
    Driver::start(list(app), &app.clock, stop)
}

/// Every worker of the portal. Each is idempotent, so that several replicas may run them at once.
fn list(app: &App) -> Vec<Worker> {
    let job = |name, about, period, work: Work| {
        let app = app.clone();
        Worker::new(name, about, period, move || work(app.clone()))
    };
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
            "sessions",
            "Deletes login sessions that have ended",
            minutes(5),
            |app| Box::pin(sessions(app)),
        ),
        job(
            "failed logins",
            "Forgets those that slow nobody down",
            minutes(5),
            |app| Box::pin(failed_logins(app)),
        ),
        job(
            "calls",
            "Deletes calls to Microsoft after 30 days",
            hours(1),
            |app| Box::pin(calls(app)),
        ),
        job(
            "partitions",
            "Makes the coming year's tables of errors",
            hours(24),
            |app| Box::pin(partitions(app)),
        ),
        job(
            "reports",
            "Sums up each tenant's day and month",
            hours(1),
            |app| Box::pin(reports(app)),
        ),
    ]
}

type Work = fn(App) -> Run;

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

async fn sessions(app: App) -> anyhow::Result<String> {
    let ended = session::sweep(&app.pool, app.clock.now()).await?;
    Ok(format!("{ended} ended sessions deleted"))
}

async fn failed_logins(app: App) -> anyhow::Result<String> {
    let forgotten = technician::sweep_failures(&app.pool, app.clock.now()).await?;
    Ok(format!("{forgotten} forgotten"))
}

async fn calls(app: App) -> anyhow::Result<String> {
    let deleted = retention::delete_old_calls(&app.pool, app.clock.now()).await?;
    Ok(format!("{deleted} old calls deleted"))
}

async fn partitions(app: App) -> anyhow::Result<String> {
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Worker("partitions")).await?;
    let (since, until) = (op.now(), op.now() + ERRORS_AHEAD);
    let made = msal_error::ensure_partitions(&mut op, since.date(), until.date()).await?;
    op.commit().await?;
    Ok(format!("{made} partitions made"))
}

async fn reports(app: App) -> anyhow::Result<String> {
    let days = report::roll_up(&app.pool, &app.clock).await?;
    Ok(format!("{days} days summed up"))
}
