//! `/interaction/{id}`: one address for all pages of a sign-in. A post takes the input and sends the browser back here
//! or on to the client, so that reloading repeats nothing.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};

use super::start::{Interaction, Purpose};
use super::steps::{Fields, Outcome};
use super::views;
use crate::simulator::aadsts;
use crate::simulator::site::{Call, Site};
use crate::simulator::tokens::{ResponseMode, Return};
use crate::simulator::wire;

pub async fn show(State(site): State<Site>, Path(id): Path<String>, call: Call) -> Response {
    match site.browsers.interaction(&id) {
        Some(interaction) => views::page(&site, &call, &id, &interaction),
        None => gone(),
    }
}

pub async fn step(
    State(site): State<Site>,
    Path(id): Path<String>,
    call: Call,
    Form(fields): Form<Fields>,
) -> Response {
    let Some(mut interaction) = site.browsers.interaction(&id) else {
        return gone();
    };
    let outcome = interaction.advance(&site, &fields);
    site.browsers.put(&id, interaction.clone());
    settle(&site, &call, Some(&id), &interaction, outcome)
}

/// Turn what a step led to into an answer. `id` is the address of the interaction; without one nothing can be shown.
pub fn settle(
    site: &Site,
    call: &Call,
    id: Option<&str>,
    interaction: &Interaction,
    outcome: Outcome,
) -> Response {
    let here = || match id {
        Some(id) => Redirect::to(&format!("/interaction/{id}")).into_response(),
        None => gone(),
    };
    match outcome {
        Outcome::Show => here(),
        Outcome::Session(session) => {
            let mut response = here();
            if let Some(cookie) = site.browsers.sign_in(session) {
                response.headers_mut().insert(SET_COOKIE, cookie);
            }
            response
        }
        Outcome::Back(fields) => match &interaction.purpose {
            Purpose::Authorize(request) => leave(&request.back, &fields),
            Purpose::AdminConsent(request) => leave(&request.back, &fields),
            Purpose::Device { .. } => here(),
        },
        Outcome::Refuse(failure) => match &interaction.purpose {
            Purpose::Authorize(request) => refuse(site, call, &request.back, &failure),
            Purpose::AdminConsent(request) => {
                let description = wire::description(&aadsts::consent_declined(), call, true);
                leave(&request.back, &request.refused(description))
            }
            Purpose::Device { .. } => here(),
        },
    }
}

/// Send the browser back to the client with `fields`.
pub fn leave(back: &Return, fields: &[(&'static str, String)]) -> Response {
    if back.mode == ResponseMode::FormPost {
        return views::form_post(&back.redirect_uri, fields);
    }
    match back.url(fields) {
        Some(url) => Redirect::to(url.as_str()).into_response(),
        None => gone(),
    }
}

/// Send the browser back to the client with a refusal.
pub fn refuse(site: &Site, call: &Call, back: &Return, failure: &aadsts::Aadsts) -> Response {
    leave(
        back,
        &wire::refusal_fields(site, call, failure, back.state.as_deref()),
    )
}

fn gone() -> Response {
    views::message(
        StatusCode::NOT_FOUND,
        "This sign-in is no longer open",
        "It was finished, or the simulator was restarted. Start again from the application.",
    )
}
