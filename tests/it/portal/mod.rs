//! The Customer portal's pages.

mod held;
mod invitations;
mod m365;
mod msal_errors;
mod overview;
mod visit;
