//! Who is looking: one router per audience, each behind its own guard, and the layers that every answer passes.

pub mod console;
pub mod kit;
pub mod login;
pub mod onboarding;
pub mod ops;
pub mod parts;
pub mod portal;

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Redirect;
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::App;
use kit::{assets, error, guard, headers, paths, peer, session};

/// Largest request body in bytes; no form of ours comes near.
const MAX_BODY: usize = 64 * 1024;
/// A handler that takes longer is given up; streams answer at once and are not meant.
const PATIENCE: Duration = Duration::from_secs(100);

/// Every page of the portal.
pub fn router(app: App) -> Router {
    let pages = Router::new()
        .route(
            paths::HOME,
            get(|| async { Redirect::to(paths::AUTHENTICATION_STATUS) }),
        )
        .merge(login::router())
        .merge(console::router())
        .merge(portal::router())
        .merge(onboarding::router())
        .layer(session::layer(&app))
        .route_layer(from_fn(kit::log::note_route));
    // The last one added stands outermost: it sees the request first and the answer last.
    pages
        .merge(assets::router())
        .layer(from_fn(guard::finish_changes))
        .layer(from_fn_with_state(app.clone(), peer::note_peer))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            PATIENCE,
        ))
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .layer(from_fn(guard::needs_origin))
        .layer(CsrfLayer::new())
        .layer(from_fn_with_state(app.clone(), guard::own_host))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(error::render))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(app.clone(), headers::secure))
        .layer(from_fn(kit::log::line))
        .layer(from_fn(peer::name_request))
        .with_state(app)
}
