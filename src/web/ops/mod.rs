//! Machines and operators: health, on a listener of its own. Answers are status codes without a word, for anybody may ask.

mod ready;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// The ops listener. Give it an [`App`] whose pool is of [`crate::storage::PoolKind::Health`], so that a busy portal does
/// not look like a dead database. `stopping` ends readiness before the listener closes.
pub fn router(app: App, stopping: CancellationToken) -> Router {
    Router::new()
        .route("/live", get(|| async { StatusCode::OK }))
        .route("/ready", get(ready::answer))
        .with_state(ready::State { app, stopping })
}
