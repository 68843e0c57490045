//! The Multitenant portal's pages.

mod authentication_status;
mod invitations;
mod msal_errors;
mod tenants;
