//! The Customer portal's pages.

mod activity;
mod app_registration;
mod held;
mod invitations;
mod keeper_away;
mod m365;
mod msal_errors;
mod overview;
mod report;
mod tokens;
mod visit;
