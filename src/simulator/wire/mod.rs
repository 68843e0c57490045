//! Entra's HTTP interface for programs: metadata, keys, user realm, device code, token.

mod answer;
mod device_code;
mod faults;
mod form;
mod metadata;
mod realm;
mod token;

use axum::Router;
use axum::routing::{get, post};

use super::site::Site;

pub use answer::{description, identify, refusal_fields, timestamp};
pub use faults::{interrupt, spoil};

/// The addresses that programs call.
pub fn router() -> Router<Site> {
    Router::new()
        .route("/{tenant}/oauth2/v2.0/devicecode", post(device_code::v2))
        .route("/{tenant}/oauth2/devicecode", post(device_code::v1))
        .route("/{tenant}/oauth2/v2.0/token", post(token::v2))
        .route("/{tenant}/oauth2/token", post(token::v1))
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            get(metadata::openid_configuration),
        )
        .route(
            "/{tenant}/.well-known/openid-configuration",
            get(metadata::openid_configuration_v1),
        )
        .route("/{tenant}/discovery/v2.0/keys", get(metadata::keys))
        .route("/{tenant}/discovery/keys", get(metadata::keys))
        .route(
            "/common/discovery/instance",
            get(metadata::instance_discovery),
        )
        .route("/common/userrealm/", get(realm::version_2))
        .route("/common/userrealm/{upn}", get(realm::version_1))
        .route("/getuserrealm.srf", get(realm::srf))
}
