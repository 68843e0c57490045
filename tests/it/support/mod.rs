//! What the tests stand on.

pub mod app;
pub mod axe;
pub mod browser;
pub mod chrome;
pub mod db;
pub mod factors;
pub mod fake_keeper;
pub mod fleet;
pub mod hostile;
pub mod keeper;
pub mod mint;
pub mod onboarding;
pub mod packages;
pub mod page;
pub mod plans;
pub mod program;
pub mod scratch;
pub mod smtp;
pub mod tenant;
pub mod tls;
