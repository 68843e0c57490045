//! Technicians inside one tenant, the Customer portal.

mod connections;
mod expected;
mod invitations;
mod lead_time;
mod m365;
mod msal_errors;
mod overview;
mod visit;

use axum::Router;

use crate::app::App;

pub use visit::Visit;

/// Every page of the Customer portal.
pub fn router() -> Router<App> {
    Router::new()
        .merge(visit::router())
        .merge(connections::router())
        .merge(invitations::router())
        .merge(lead_time::router())
        .merge(overview::router())
        .merge(m365::router())
        .merge(msal_errors::router())
}
