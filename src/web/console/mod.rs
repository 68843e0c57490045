//! Technicians, the Multitenant portal.

use axum::Router;

use crate::app::App;

/// Every page of the Multitenant portal.
pub fn router() -> Router<App> {
    Router::new()
}
