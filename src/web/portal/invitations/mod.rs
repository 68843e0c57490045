//! The tenant's invitations: list, the dialog that makes one, its Auth URL, and what can be done to one.

mod auth_url;
mod index;
mod new;
mod steps;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;
use crate::domain::invitation::LinkError;
use crate::web::kit::error::WebError;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route(
            "/tenants/{short}/invitations",
            get(index::show).post(new::create),
        )
        .route("/tenants/{short}/invitations/new", get(new::show))
        .route(
            "/tenants/{short}/invitations/{id}/auth-url",
            get(auth_url::show),
        )
        .route(
            "/tenants/{short}/invitations/{id}/resend",
            post(steps::resend),
        )
        .route(
            "/tenants/{short}/invitations/{id}/revocation",
            post(steps::revoke),
        )
        .route(
            "/tenants/{short}/invitations/{id}/replacement",
            post(steps::replace),
        )
}

/// What the keeper's refusal to seal or open a link is to the visitor.
fn link_error(error: LinkError) -> WebError {
    match error {
        LinkError::Keeper(unavailable) => unavailable.into(),
        LinkError::Refused(refusal) => refusal.into(),
        LinkError::Unexpected => WebError::Unexpected(error.into()),
    }
}
