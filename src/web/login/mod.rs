//! Technicians before the login and at its end: signing in by password or by single sign-on, the one-time link, signing out.

mod link;
mod next;
mod sign_in;
mod sign_out;
mod sso;

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
        .post(
            paths::LOGIN_LINK_SSO,
            Policy::Public,
            sso::leave::start_invited,
        )
        .get(paths::SSO, Policy::Public, sso::leave::show)
        .post(paths::SSO_START, Policy::Public, sso::leave::start)
        .get(paths::SSO_RETURN, Policy::Public, sso::back::back)
        // One's own way in is everybody's business, a viewer's too.
        .get(paths::OWN_SIGN_ON, Policy::LOOK, sso::own::show)
        .post(paths::OWN_SIGN_ON, Policy::LOOK, sso::own::start)
        .post(paths::LOGOUT, Policy::Public, sign_out::submit)
}
