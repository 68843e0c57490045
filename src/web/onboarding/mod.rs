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

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;
use crate::web::kit::paths;

/// Every page of the customer's administrator.
pub fn router() -> Router<App> {
    Router::new()
        .route("/onboarding/{token}", get(link::show).post(link::take))
        .route(paths::ONBOARDING, get(page::show).post(link::ask_from_page))
        .route(paths::ONBOARDING_ASKED, get(link::asked))
        .route(paths::ONBOARDING_START, post(begin::start))
        .route(paths::ONBOARDING_AGAIN, post(begin::again))
        .route(paths::ONBOARDING_HERE, post(begin::here))
        .route(paths::ONBOARDING_TRIP, post(trip::prepare))
        .route(paths::ONBOARDING_LOOK, post(trip::look))
        .route(paths::ONBOARDING_RETURN, get(trip::back))
        .route(paths::ONBOARDING_EVENTS, get(events::listen))
}
