//! The tenant's invitations: list, the dialog that makes one, its Auth URL, and what can be done to one.

mod auth_url;
mod index;
mod new;
mod steps;

use crate::domain::invitation::LinkError;
use crate::web::kit::error::WebError;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;

pub(super) fn router() -> Routes {
    Routes::new()
        .get("/tenants/{short}/invitations", Policy::LOOK, index::show)
        .post("/tenants/{short}/invitations", Policy::WORK, new::create)
        .get("/tenants/{short}/invitations/new", Policy::WORK, new::show)
        .get(
            "/tenants/{short}/invitations/{id}/auth-url",
            Policy::WORK,
            auth_url::show,
        )
        .post(
            "/tenants/{short}/invitations/{id}/resend",
            Policy::WORK,
            steps::resend,
        )
        .post(
            "/tenants/{short}/invitations/{id}/revocation",
            Policy::WORK,
            steps::revoke,
        )
        .post(
            "/tenants/{short}/invitations/{id}/replacement",
            Policy::WORK,
            steps::replace,
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
