//! `/ready`: may this replica be sent visitors? Asks everything that a page needs, within one second. Microsoft being down
//! never makes a replica unready.

use std::time::Duration;

use axum::extract;
use axum::http::StatusCode;

use super::State;
use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::op::{Actor, Op};
use crate::keeper::message::{Reply, Request};
use crate::storage::{Schema, schema};

const PATIENCE: Duration = Duration::from_secs(1);

/// Clocks may differ so much; more is logged, much more makes a replica unready (its leases and expiries would be wrong).
const SKEW_LOGGED: f64 = 2.0;
const SKEW_REFUSED: f64 = 30.0;

/// Why not; for the log alone.
#[derive(Debug, thiserror::Error)]
enum Unready {
    #[error("the program is stopping")]
    Stopping,
    #[error("the checks took longer than a second")]
    TooSlow,
    #[error("the database does not answer")]
    Database(#[from] sqlx::Error),
    #[error("the database is not at this program's schema: {0:?}")]
    Schema(Schema),
    #[error("this machine's clock and the database's differ by {0:.0} s")]
    Clock(f64),
    #[error("the keeper cannot work: {0}")]
    Keeper(String),
}

pub(super) async fn answer(extract::State(state): extract::State<State>) -> StatusCode {
    match look(&state).await {
        Ok(()) => StatusCode::OK,
        Err(why) => {
            tracing::warn!(error = ?why, "not ready: {why}");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

async fn look(state: &State) -> Result<(), Unready> {
    if state.stopping.is_cancelled() {
        return Err(Unready::Stopping);
    }
    let both = async { tokio::try_join!(database(&state.app), keeper(&state.app)) };
    match tokio::time::timeout(PATIENCE, both).await {
        Ok(looked) => looked.map(|_| ()),
        Err(_) => Err(Unready::TooSlow),
    }
}

/// Reachable, at our schema, and able to take an audit entry, without which no act is done; the entry is rolled back.
async fn database(app: &App) -> Result<(), Unready> {
    match schema(&app.pool).await? {
        Schema::Current { .. } => {}
        other => return Err(Unready::Schema(other)),
    }
    let skew = skew(app).await?;
    if skew > SKEW_REFUSED {
        return Err(Unready::Clock(skew));
    }
    if skew > SKEW_LOGGED {
        tracing::warn!(
            skew_s = skew,
            "this machine's clock and the database's differ"
        );
    }
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Worker("readiness")).await?;
    Entry::new("readiness.asked").write(&mut op).await?;
    op.roll_back().await?;
    Ok(())
}

/// Seconds between this machine's clock and the database's. What the demo moved its clock by does not count.
async fn skew(app: &App) -> Result<f64, sqlx::Error> {
    let theirs = sqlx::query_scalar!(r#"select clock_timestamp() as "now!""#)
        .fetch_one(&app.pool)
        .await?;
    let moved = time::Duration::milliseconds(app.clock.offset_ms());
    Ok((app.clock.now() - moved - theirs).as_seconds_f64().abs())
}

async fn keeper(app: &App) -> Result<(), Unready> {
    match app.keeper.ask(Request::Health).await {
        Ok(Reply::Health { ready: true, .. }) => Ok(()),
        Ok(Reply::Health { detail, .. }) => Err(Unready::Keeper(detail)),
        Ok(other) => Err(Unready::Keeper(format!("it answered {other:?}"))),
        Err(silent) => Err(Unready::Keeper(silent.to_string())),
    }
}
