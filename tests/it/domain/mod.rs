//! The domain's operations against a real database.

mod connection;
mod invitation;
mod onboarding;
mod stage;
