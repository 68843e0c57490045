//! Scripts, with an API key. Each call is an [`Endpoint`] of one list: the router, the route inventory and the `OpenAPI` document
//! come from it, so that none can say what another does not.
//!
//! A handler takes [`KeyHolder`] (who calls, within which tenants), [`Body`] and [`Query`], and returns [`ApiResult`]. It begins
//! its unit of work by [`KeyHolder::begin`], passes [`KeyHolder::scope`] to the domain, and answers with structs of its own.

mod access_tokens;
mod admit;
mod alerts;
mod campaigns;
mod endpoint;
mod holder;
mod idempotent;
mod invitations;
mod key;
mod msal_errors;
pub mod openapi;
mod read;
mod standing;
mod tenants;
mod validation;
mod words;

pub use crate::web::kit::problem::{ApiResult, Problem};
pub use endpoint::{Api, Endpoint, SchemaOf};
pub use holder::KeyHolder;
pub use read::{Body, Query};

pub(in crate::web) use admit::admit;

/// Every call of the API.
pub fn endpoints() -> Api {
    Api::new()
        .merge(key::endpoints())
        .merge(access_tokens::endpoints())
        .merge(tenants::endpoints())
        .merge(standing::endpoints())
        .merge(validation::endpoints())
        .merge(invitations::endpoints())
        .merge(msal_errors::endpoints())
        .merge(campaigns::endpoints())
        .merge(alerts::endpoints())
}
