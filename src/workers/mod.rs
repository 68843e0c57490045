//! What runs by itself. This is the list: name, sentence, period; the work is the domain's.

pub mod driver;
mod housekeeping;
mod outgoing;
mod retention;
mod standing;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use driver::{Driver, Run, Status, Teller, Worker};

use crate::app::App;
use crate::domain::op::{Actor, Op};
use crate::domain::operations;

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

/// Name, sentence, period and work become a worker.
type Job<'a> = &'a dyn Fn(&'static str, &'static str, Duration, Work) -> Worker;
type Work = fn(App) -> Run;

/// Every worker of the portal. Each is idempotent, so that several replicas may run them at once.
fn list(app: &App) -> Vec<Worker> {
    let job = |name, about, period, work: Work| {
        let app = app.clone();
        Worker::new(name, about, period, move || work(app.clone()))
    };
    [
        standing::jobs(&job),
        outgoing::jobs(&job),
        housekeeping::jobs(&job),
    ]
    .into_iter()
    .flatten()
    .collect()
}
