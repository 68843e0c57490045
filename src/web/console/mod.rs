//! Technicians, the Multitenant portal.

mod invitations;

use axum::Router;

use crate::app::App;

/// Every page of the Multitenant portal.
pub fn router() -> Router<App> {
    Router::new().merge(invitations::router())
}
