//! Technicians, the Multitenant portal.

mod alerts;
mod api_keys;
mod app_registration;
mod audit_log;
mod authentication_status;
mod branding;
mod campaigns;
mod invitations;
mod mail_texts;
mod msal_errors;
mod operations;
mod permissions;
mod plug;
mod profile;
mod reports;
mod technicians;
mod tenants;

use crate::web::kit::routes::Routes;

/// For fuzzing: the forms, as read.
#[cfg(feature = "faults")]
pub(super) fn read_forms(body: &[u8]) {
    use super::fuzzing::form;
    authentication_status::read_forms(body);
    campaigns::read_forms(body);
    if let Some(sent) = form::<tenants::Sent>(body) {
        let _ = tenants::typed(&sent).parse();
    }
}

/// For fuzzing: the queries, as read.
#[cfg(feature = "faults")]
pub(super) fn read_queries(text: &[u8]) {
    authentication_status::read_queries(text);
}

/// Every page of the Multitenant portal.
pub fn router() -> Routes {
    Routes::new()
        .merge(alerts::router())
        .merge(api_keys::router())
        .merge(app_registration::router())
        .merge(audit_log::router())
        .merge(branding::router())
        .merge(invitations::router())
        .merge(mail_texts::router())
        .merge(authentication_status::router())
        .merge(campaigns::router())
        .merge(msal_errors::router())
        .merge(permissions::router())
        .merge(plug::router())
        .merge(profile::router())
        .merge(operations::router())
        .merge(reports::router())
        .merge(technicians::router())
        .merge(tenants::router())
}
