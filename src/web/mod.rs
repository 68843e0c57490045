//! Who is looking: one router per audience, each behind its own guard, and the layers that every answer passes.

pub mod api;
pub mod console;
mod csp_reports;
#[cfg(feature = "faults")]
pub(crate) mod fuzzing;
pub mod kit;
mod layers;
pub mod listen;
pub mod login;
pub mod onboarding;
pub mod ops;
pub mod parts;
pub mod portal;
pub mod tls;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Redirect;

use crate::app::App;
use kit::policy::{self, Policy};
use kit::routes::{Route, Routes};
use kit::{assets, paths, session};

/// Every page of the portal, each with its policy.
fn routes() -> Routes {
    Routes::new()
        .get(paths::HOME, Policy::LOOK, || async {
            Redirect::to(paths::AUTHENTICATION_STATUS)
        })
        .post(paths::CSP_REPORTS, Policy::Public, csp_reports::take)
        .merge(login::router())
        .merge(console::router())
        .merge(portal::router())
        .merge(onboarding::router())
        .merge(api::openapi::router())
}

/// What is served, and to whom: the pages and the assets.
pub fn inventory() -> Vec<Route> {
    let (pages, assets, api) = (routes(), assets::router(), api::endpoints().into_routes());
    [pages.inventory(), api.inventory(), assets.inventory()].concat()
}

/// The portal.
pub fn router(app: App) -> Router {
    let (pages, policies) = routes().into_parts();
    let door = (app.clone(), Arc::new(policies));
    let pages = pages
        .route_layer(from_fn_with_state(door, policy::enforce))
        .layer(from_fn_with_state(app.clone(), kit::kept::keep))
        .layer(session::layer(&app))
        .route_layer(from_fn(kit::log::note_route));
    // The API knows no session.
    let (api, policies) = api::endpoints().into_routes().into_parts();
    let door = (app.clone(), Arc::new(policies));
    let api = api
        .route_layer(from_fn_with_state(door, policy::enforce))
        .route_layer(from_fn(kit::log::note_route));
    // Assets are for anybody and need no session.
    let (assets, _) = assets::router().into_parts();
    layers::around(pages.merge(api).merge(assets), app)
}
