//! `GET …/logout`: forget the browser's session and go back to a registered address, if one was named.

use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::views;
use crate::simulator::site::Site;

#[derive(Deserialize)]
pub struct After {
    #[serde(default)]
    post_logout_redirect_uri: Option<String>,
}

pub async fn sign_out(
    State(site): State<Site>,
    Query(after): Query<After>,
    headers: HeaderMap,
) -> Response {
    let cookie = site.browsers.sign_out(&headers);
    let target = after.post_logout_redirect_uri.filter(|uri| {
        site.directory.read(|state| {
            let mut apps = state.apps.values();
            apps.any(|app| app.redirect_uris.iter().any(|r| r == uri))
        })
    });
    let mut response = match target {
        Some(uri) => Redirect::to(&uri).into_response(),
        None => views::message(
            StatusCode::OK,
            "You signed out of your account",
            "It's a good idea to close all browser windows.",
        ),
    };
    response.headers_mut().insert(SET_COOKIE, cookie);
    response
}
