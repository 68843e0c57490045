//! Anyone holding an invitation link: who invites, start, code, consent, result. Everything a page shows follows from the
//! link's cookie and from the flow that this browser began; any other browser sees neither code nor state.

mod begin;
mod cookies;
mod events;
mod face;
mod failure;
mod holder;
mod inviter;
mod link;
mod page;
mod pin;
mod trip;
mod view;

use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;

/// For fuzzing: the forms, as read.
#[cfg(feature = "faults")]
pub(super) fn read_forms(body: &[u8]) {
    use super::fuzzing::form;
    let _ = form::<begin::StartForm>(body);
    let _ = form::<begin::AgainForm>(body);
    let _ = form::<link::LinkForm>(body);
    let _ = form::<pin::PinForm>(body);
}

/// For fuzzing: the queries, as read.
#[cfg(feature = "faults")]
pub(super) fn read_queries(text: &[u8]) {
    use super::fuzzing::query;
    let _ = query::<page::PageQuery>(text);
    let _ = query::<trip::ReturnQuery>(text);
    let _ = query::<events::EventsQuery>(text);
}

/// Every page of the customer's administrator.
pub fn router() -> Routes {
    Routes::new()
        .get("/onboarding/{token}", Policy::Customer, link::show)
        .post("/onboarding/{token}", Policy::Customer, link::take)
        .get(paths::ONBOARDING, Policy::Customer, page::show)
        .post(paths::ONBOARDING, Policy::Customer, link::ask_from_page)
        .get(paths::ONBOARDING_ASKED, Policy::Customer, link::asked)
        .post(paths::ONBOARDING_START, Policy::Customer, begin::start)
        .post(paths::ONBOARDING_PIN, Policy::Customer, pin::tell)
        .post(paths::ONBOARDING_AGAIN, Policy::Customer, begin::again)
        .post(paths::ONBOARDING_HERE, Policy::Customer, begin::here)
        .post(paths::ONBOARDING_TRIP, Policy::Customer, trip::prepare)
        .post(paths::ONBOARDING_LOOK, Policy::Customer, trip::look)
        .get(paths::ONBOARDING_RETURN, Policy::Customer, trip::back)
        .get(paths::ONBOARDING_EVENTS, Policy::Customer, events::listen)
}
