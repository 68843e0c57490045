//! Anyone holding an invitation link: who invites, start, code, consent, result. Everything a page shows follows from the
//! link's cookie and from the flow that this browser began; any other browser sees neither code nor state.

mod begin;
mod cookies;
mod events;
mod failure;
mod holder;
mod inviter;
mod link;
mod page;
mod trip;
mod view;

use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;

/// Every page of the customer's administrator.
pub fn router() -> Routes {
    Routes::new()
        .get("/onboarding/{token}", Policy::Customer, link::show)
        .post("/onboarding/{token}", Policy::Customer, link::take)
        .get(paths::ONBOARDING, Policy::Customer, page::show)
        .post(paths::ONBOARDING, Policy::Customer, link::ask_from_page)
        .get(paths::ONBOARDING_ASKED, Policy::Customer, link::asked)
        .post(paths::ONBOARDING_START, Policy::Customer, begin::start)
        .post(paths::ONBOARDING_AGAIN, Policy::Customer, begin::again)
        .post(paths::ONBOARDING_HERE, Policy::Customer, begin::here)
        .post(paths::ONBOARDING_TRIP, Policy::Customer, trip::prepare)
        .post(paths::ONBOARDING_LOOK, Policy::Customer, trip::look)
        .get(paths::ONBOARDING_RETURN, Policy::Customer, trip::back)
        .get(paths::ONBOARDING_EVENTS, Policy::Customer, events::listen)
}
