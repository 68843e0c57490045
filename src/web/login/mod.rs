//! Technicians before the login and at its end: password or single sign-on, second factor, setting one up, a fresh proof before
//! dangerous acts, the one-time link, signing out.

mod ceremony;
mod enrol;
mod enrol_app;
mod factor;
mod link;
mod next;
mod recovery_codes;
mod sign_in;
mod sign_out;
mod sso;
mod step_up;

#[cfg(feature = "faults")]
pub(in crate::web) use next::destination;

use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;

pub use ceremony::{PasskeyAnswer, enrolment_options, finish_enrolment};
pub use enrol::problem;
pub use enrol_app::{SetupView, make_setup, present_setup};
pub use recovery_codes::CodesPage;

/// Every page before the login.
pub fn router() -> Routes {
    const ANY: Policy = Policy::Public;
    Routes::new()
        .get(paths::LOGIN, ANY, sign_in::show)
        .post(paths::LOGIN, ANY, sign_in::submit)
        .get(paths::LOGIN_FACTOR, ANY, factor::show)
        .post(paths::LOGIN_FACTOR, ANY, factor::code)
        .post(paths::LOGIN_RECOVERY, ANY, factor::recovery)
        .post(paths::LOGIN_PASSKEY, ANY, factor::passkey)
        .post(paths::LOGIN_PASSKEY_OPTIONS, ANY, factor::options)
        .get(paths::ENROL, ANY, enrol::show)
        .post(paths::ENROL_PASSKEY, ANY, enrol::passkey)
        .post(paths::ENROL_PASSKEY_OPTIONS, ANY, enrol::options)
        .get(paths::ENROL_APP, ANY, enrol::app)
        .post(paths::ENROL_APP, ANY, enrol::begin_app)
        .post(paths::ENROL_APP_CODE, ANY, enrol::app_code)
        .post(paths::ENROL_CODES, ANY, enrol::codes)
        .post(paths::ENROL_DONE, ANY, enrol::done)
        .get(paths::STEP_UP, Policy::LOOK, step_up::show)
        .post(paths::STEP_UP, Policy::LOOK, step_up::code)
        .post(paths::STEP_UP_RECOVERY, Policy::LOOK, step_up::recovery)
        .post(paths::STEP_UP_PASSKEY, Policy::LOOK, step_up::passkey)
        .post(
            paths::STEP_UP_PASSKEY_OPTIONS,
            Policy::LOOK,
            step_up::options,
        )
        .post(paths::STEP_UP_SSO, Policy::LOOK, sso::again::start)
        .get(paths::STEP_UP_AGAIN, Policy::LOOK, step_up::again)
        .get(paths::LOGIN_LINK, ANY, link::show)
        .post(paths::LOGIN_LINK, ANY, link::submit)
        .post(paths::LOGIN_LINK_SSO, ANY, sso::leave::start_invited)
        .get(paths::SSO, ANY, sso::leave::show)
        .post(paths::SSO_START, ANY, sso::leave::start)
        .get(paths::SSO_RETURN, ANY, sso::back::back)
        // One's own way in is everybody's business, a viewer's too.
        .get(paths::OWN_SIGN_ON, Policy::LOOK, sso::own::show)
        .post(paths::OWN_SIGN_ON, Policy::LOOK, sso::own::start)
        .fresh()
        .post(paths::LOGOUT, ANY, sign_out::submit)
}
