//! Who is looking: one router per audience, each behind its own guard, and the layers that every answer passes.

pub mod console;
pub mod kit;
mod layers;
pub mod listen;
pub mod login;
pub mod onboarding;
pub mod ops;
pub mod parts;
pub mod portal;

use axum::Router;
use axum::middleware::from_fn;
use axum::response::Redirect;
use axum::routing::get;

use crate::app::App;
use kit::{assets, paths, session};

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
    layers::around(pages.merge(assets::router()), app)
}
