//! Technicians, the Multitenant portal.

mod app_registration;
mod authentication_status;
mod invitations;
mod msal_errors;
mod operations;
mod plug;
mod reports;
mod technicians;
mod tenants;

use crate::web::kit::routes::Routes;

/// Every page of the Multitenant portal.
pub fn router() -> Routes {
    Routes::new()
        .merge(app_registration::router())
        .merge(invitations::router())
        .merge(authentication_status::router())
        .merge(msal_errors::router())
        .merge(plug::router())
        .merge(operations::router())
        .merge(reports::router())
        .merge(technicians::router())
        .merge(tenants::router())
}
