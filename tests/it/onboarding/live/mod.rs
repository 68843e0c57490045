//! Whole onboardings over HTTP: portal, keeper, Postgres and a simulated Microsoft, with technician and administrator in
//! browsers of their own. The clicks themselves are played in `journey`; here every way through is tried.

mod accounts;
mod app_only;
mod own_app;
mod races;
mod refusals;
pub mod stage;
mod ways;
