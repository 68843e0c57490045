//! The Customer portal's pages.

mod m365;
mod msal_errors;
mod overview;
