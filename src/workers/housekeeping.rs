//! What is kept elsewhere, forgotten or made ahead.

use std::time::Duration;

use super::{Job, Worker, retention};
use crate::app::App;
use crate::domain::op::{Actor, Op};
use crate::domain::{api_key, msal_error, request_limit, revocation, sign_on, technician};
use crate::web::kit::session;

/// Errors of the coming year have their partition before they happen.
const ERRORS_AHEAD: time::Duration = time::Duration::days(366);

pub(super) fn jobs(job: Job<'_>) -> Vec<Worker> {
    let hours = Duration::from_hours;
    let minutes = Duration::from_mins;
    vec![
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
            "Forgets answers kept for Idempotency-Keys after a day",
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
    ]
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
