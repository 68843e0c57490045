//! The Multitenant portal's pages.

mod app_registration;
mod audit_log;
mod authentication_status;
mod invitations;
mod msal_error_plans;
mod msal_errors;
mod operations;
mod plans;
mod plug;
mod profile;
mod reports;
mod status_acts;
mod status_live;
mod technicians;
mod tenants;
