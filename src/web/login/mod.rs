//! Technicians before the login and at its end: signing in, the one-time link that sets a password, signing out.

mod link;
mod next;
mod sign_in;
mod sign_out;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;
use crate::web::kit::paths;

/// Every page before the login.
pub fn router() -> Router<App> {
    Router::new()
        .route(paths::LOGIN, get(sign_in::show).post(sign_in::submit))
        .route(paths::LOGIN_LINK, get(link::show).post(link::submit))
        .route(paths::LOGOUT, post(sign_out::submit))
}
