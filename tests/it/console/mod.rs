//! The Multitenant portal's pages.

mod authentication_status;
mod msal_errors;
