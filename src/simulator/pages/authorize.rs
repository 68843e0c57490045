//! `GET …/authorize`: the start of "Sign in with Microsoft".

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::interaction::refuse;
use super::start::{Interaction, Purpose, begin as begin_interaction};
use super::views;
use crate::simulator::site::{Call, Site};
use crate::simulator::tokens::{AuthorizeRequest, BadRequest};

pub async fn begin(
    State(site): State<Site>,
    Path(segment): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    let parsed = site.directory.read(|state| {
        let request = AuthorizeRequest::parse(state, &call.base, &segment, &query)?;
        let app = state.app(&request.client.to_string(), &segment)?.clone();
        Ok::<_, BadRequest>((request, app))
    });
    match parsed {
        Ok((request, app)) => {
            let tenant = request.tenant;
            let interaction = Interaction::new(Purpose::Authorize(request), app, tenant, &call);
            begin_interaction(&site, &call, interaction, &headers)
        }
        Err(bad) => bad_request(&site, &call, &bad),
    }
}

/// A request that is not in order: back to the client where that is safe, else a page.
pub fn bad_request(site: &Site, call: &Call, bad: &BadRequest) -> Response {
    match &bad.back {
        Some(back) => refuse(site, call, back, &bad.failure),
        None => views::failure(call, &bad.failure, None),
    }
}
