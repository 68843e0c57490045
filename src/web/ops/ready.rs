//! `/ready`: may this replica be sent visitors? Asks everything that a page needs, within one second. Microsoft being down
//! never makes a replica unready.

use std::time::Duration;

use axum::extract;
use axum::http::StatusCode;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::op::{Actor, Op};
use crate::keeper::message::{Reply, Request};
use crate::storage::{Schema, schema};

const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub(super) struct State {
    pub app: App,
    pub stopping: CancellationToken,
}

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
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Worker("readiness")).await?;
    Entry::new("readiness.asked").write(&mut op).await?;
    op.roll_back().await?;
    Ok(())
}

async fn keeper(app: &App) -> Result<(), Unready> {
    match app.keeper.ask(Request::Health).await {
        Ok(Reply::Health { ready: true, .. }) => Ok(()),
        Ok(Reply::Health { detail, .. }) => Err(Unready::Keeper(detail)),
        Ok(other) => Err(Unready::Keeper(format!("it answered {other:?}"))),
        Err(silent) => Err(Unready::Keeper(silent.to_string())),
    }
}
