//! The Multitenant portal's pages.

mod app_registration;
mod authentication_status;
mod invitations;
mod msal_errors;
mod reports;
mod tenants;
