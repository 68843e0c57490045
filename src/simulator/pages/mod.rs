//! Pages for people: code entry, sign-in, second factor, consent, approval, errors. They have a plain look of their own,
//! say "Simulated Microsoft sign-in" on each, and work without JavaScript.

mod admin_consent;
mod authorize;
mod browsers;
mod device;
mod interaction;
mod logout;
mod start;
mod steps;
mod views;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::IntoResponse;
use axum::routing::get;
use tower_http::csrf::CsrfLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use super::site::Site;

pub use browsers::Browsers;

/// What the pages may load and do. No `form-action`: a form may end in a redirect to the client, which it would block.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The addresses that browsers open.
pub fn router() -> Router<Site> {
    Router::new()
        .route("/", get(device::home))
        .route("/devicelogin", get(device::page).post(device::enter))
        .route(
            "/common/oauth2/deviceauth",
            get(device::page).post(device::enter),
        )
        .route("/{tenant}/oauth2/v2.0/authorize", get(authorize::begin))
        .route("/{tenant}/oauth2/authorize", get(authorize::begin))
        .route("/{tenant}/v2.0/adminconsent", get(admin_consent::begin))
        .route("/{tenant}/adminconsent", get(admin_consent::begin_v1))
        .route("/{tenant}/oauth2/v2.0/logout", get(logout::sign_out))
        .route("/{tenant}/oauth2/logout", get(logout::sign_out))
        .route(
            "/interaction/{id}",
            get(interaction::show).post(interaction::step),
        )
        .route("/error", get(views::lookup))
        .route("/simulator.css", get(style_sheet))
}

/// The same security headers on every page, and no posts from other sites.
pub fn dress(router: Router<Site>) -> Router<Site> {
    router
        .layer(CsrfLayer::new())
        .layer(SetResponseHeaderLayer::overriding(
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ))
        .layer(SetResponseHeaderLayer::overriding(
            REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
}

async fn style_sheet() -> impl IntoResponse {
    (
        [
            (CONTENT_TYPE, "text/css; charset=utf-8"),
            (CACHE_CONTROL, "max-age=300"),
        ],
        include_str!("../../../static/simulator.css"),
    )
}
