//! The Customer portal's pages.

mod activity;
mod app_registration;
mod disconnect;
mod held;
mod invitations;
mod keeper_away;
mod lead_time;
mod m365;
mod msal_errors;
mod overview;
mod report;
mod tokens;
mod visit;
