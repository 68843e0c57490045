//! The domain's operations against a real database.

mod connection;
mod history;
mod invitation;
mod onboarding;
mod report;
mod stage;
