//! `GET …/adminconsent`: an administrator grants an application what it declares, for the whole organisation.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::authorize::bad_request;
use super::start::{Interaction, Purpose, begin as begin_interaction};
use crate::simulator::site::{Call, Site};
use crate::simulator::tokens::{AdminConsentRequest, BadRequest};

pub async fn begin(
    State(site): State<Site>,
    Path(segment): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    serve(&site, &call, &segment, &query, &headers, false)
}

/// The older address, without `scope`.
pub async fn begin_v1(
    State(site): State<Site>,
    Path(segment): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    serve(&site, &call, &segment, &query, &headers, true)
}

fn serve(
    site: &Site,
    call: &Call,
    segment: &str,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
    v1: bool,
) -> Response {
    let parsed = site.directory.read(|state| {
        let request = AdminConsentRequest::parse(state, &call.base, segment, query, v1)?;
        let app = state.app(&request.client.to_string(), segment)?.clone();
        Ok::<_, BadRequest>((request, app))
    });
    match parsed {
        Ok((request, app)) => {
            let tenant = request.tenant;
            let interaction = Interaction::new(Purpose::AdminConsent(request), app, tenant, call);
            begin_interaction(site, call, interaction, headers)
        }
        Err(bad) => bad_request(site, call, &bad),
    }
}
