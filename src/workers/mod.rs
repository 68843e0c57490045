//! What runs by itself. This is the list: name, sentence, period; the work is the domain's.

pub mod driver;
mod retention;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use driver::{Driver, Run, Status, Teller, Worker};

use crate::app::App;
use crate::domain::op::{Actor, Op};
use crate::domain::{
    alert, api_key, campaign, connection, customer_mail, invitation, msal_error, onboarding,
    operations, report, request_limit, revocation, sign_on, technician,
};
use crate::web::kit::session;

/// Errors of the coming year have their partition before they happen.
const ERRORS_AHEAD: time::Duration = time::Duration::days(366);

/// Begin all of it; ends with `stop`.
pub fn start(app: &App, stop: &CancellationToken) -> Driver {
    Driver::start(list(app), &app.clock, stop, teller(app))
}

/// Writes each run into the database, where every replica's Operations page reads it.
fn teller(app: &App) -> Teller {
    let app = app.clone();
    Box::new(move |status| {
        let app = app.clone();
        Box::pin(async move {
            if let Err(error) = record(&app, status).await {
                tracing::warn!(%error, "a worker's run cannot be written down");
            }
        })
    })
}

async fn record(app: &App, status: Status) -> Result<(), sqlx::Error> {
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Worker(status.name)).await?;
    let run = operations::Run {
        name: status.name,
        about: status.about,
        period: status.period,
        ended_at: status.last_run_at.unwrap_or_else(|| op.now()),
        duration: status.duration,
        word: status.last_word,
        failures: status.failures,
    };
    operations::record_run(&mut op, &run).await?;
    op.commit().await
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
            "campaigns",
            "Asks and reminds the tenants of campaigns, at their pace, and checks who is through",
            Duration::from_secs(10),
            |app| Box::pin(campaigns(app)),
        ),
        job(
            "status",
            "Moves tenants whose state changes with time, and adds up the counts",
            Duration::from_secs(5),
            |app| Box::pin(status(app)),
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
            "status dates",
            "Brings last successes and idle limits of the status list up to date",
            minutes(10),
            |app| Box::pin(status_dates(app)),
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
        job(
            "revocations",
            "Writes what was revoked into a file outside the database",
            Duration::from_secs(2),
            |app| Box::pin(revocations(app)),
        ),
        job(
            "sessions",
            "Deletes login sessions that have ended",
            minutes(5),
            |app| Box::pin(sessions(app)),
        ),
        job(
            "failed logins",
            "Forgets those that slow nobody down, and requests that count no more",
            minutes(5),
            |app| Box::pin(failed_logins(app)),
        ),
        job(
            "api replies",
            "Forgets answers to creating calls after a day",
            minutes(10),
            |app| Box::pin(api_replies(app)),
        ),
        job(
            "sign-on trips",
            "Forgets browsers that did not come back from single sign-on",
            minutes(5),
            |app| Box::pin(sign_on_trips(app)),
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
            "error retention",
            "Drops months of MSAL errors that are past what the settings keep",
            hours(24),
            |app| Box::pin(error_retention(app)),
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

async fn campaigns(app: App) -> anyhow::Result<String> {
    let runner = campaign::Runner {
        pool: app.pool,
        clock: app.clock,
        keeper: app.keeper,
    };
    let swept = runner.sweep().await?;
    Ok(format!(
        "{} asked, {} reminded, {} left out, {} checked, {} campaigns ended",
        swept.asked, swept.reminded, swept.left_out, swept.checked, swept.ended
    ))
}

async fn status(app: App) -> anyhow::Result<String> {
    let settled = connection::keep_status(&app.pool, app.clock.now()).await?;
    Ok(format!("{settled} tenants settled"))
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

async fn status_dates(app: App) -> anyhow::Result<String> {
    let behind = connection::freshen_status(&app.pool).await?;
    Ok(format!("{behind} tenants were behind"))
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

async fn revocations(app: App) -> anyhow::Result<String> {
    let Some(path) = &app.revocation_log else {
        return Ok("no file is named".to_owned());
    };
    let written = revocation::export(&app.pool, path).await?;
    Ok(format!("{written} written"))
}

async fn sessions(app: App) -> anyhow::Result<String> {
    let ended = session::sweep(&app.pool, app.clock.now()).await?;
    Ok(format!("{ended} ended sessions deleted"))
}

async fn failed_logins(app: App) -> anyhow::Result<String> {
    let now = app.clock.now();
    let forgotten = technician::sweep_failures(&app.pool, now).await?;
    let counts = request_limit::sweep(&app.pool, now).await?;
    Ok(format!(
        "{forgotten} forgotten, {counts} counts of requests"
    ))
}

async fn api_replies(app: App) -> anyhow::Result<String> {
    let forgotten = api_key::sweep_replies(&app.pool, app.clock.now()).await?;
    Ok(format!("{forgotten} forgotten"))
}

async fn sign_on_trips(app: App) -> anyhow::Result<String> {
    let forgotten = sign_on::sweep(&app.pool, app.clock.now()).await?;
    Ok(format!("{forgotten} forgotten"))
}

async fn calls(app: App) -> anyhow::Result<String> {
    let deleted = retention::delete_old_calls(&app).await?;
    Ok(format!("{deleted} old calls deleted"))
}

async fn partitions(app: App) -> anyhow::Result<String> {
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Worker("partitions")).await?;
    let (since, until) = (op.now(), op.now() + ERRORS_AHEAD);
    let made = msal_error::ensure_partitions(&mut op, since.date(), until.date()).await?;
    op.commit().await?;
    Ok(format!("{made} partitions made"))
}

async fn error_retention(app: App) -> anyhow::Result<String> {
    let Some(months) = app.keep_errors_months else {
        return Ok("errors are kept for ever".to_owned());
    };
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Worker("error retention")).await?;
    let dropped = msal_error::drop_old(&mut op, months).await?;
    op.commit().await?;
    Ok(format!(
        "{} months with {} errors dropped",
        dropped.months, dropped.errors
    ))
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
