//! Machines and operators: health and metrics, on a listener of its own. Health answers status codes without a word; the
//! metrics name no tenant. Whoever reaches the listener may ask, so it is not for the internet.

mod metrics;
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
        .route("/metrics", get(metrics::answer))
        .with_state(State { app, stopping })
}

#[derive(Clone, Debug)]
struct State {
    app: App,
    stopping: CancellationToken,
}
