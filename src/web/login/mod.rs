//! Technicians before the login and at its end: signing in, the one-time link that sets a password, signing out.

mod link;
mod next;
mod sign_in;
mod sign_out;

#[cfg(feature = "faults")]
pub(in crate::web) use next::destination;

use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;

/// Every page before the login.
pub fn router() -> Routes {
    Routes::new()
        .get(paths::LOGIN, Policy::Public, sign_in::show)
        .post(paths::LOGIN, Policy::Public, sign_in::submit)
        .get(paths::LOGIN_LINK, Policy::Public, link::show)
        .post(paths::LOGIN_LINK, Policy::Public, link::submit)
        .post(paths::LOGOUT, Policy::Public, sign_out::submit)
}
