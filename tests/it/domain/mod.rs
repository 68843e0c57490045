//! The domain's operations against a real database.

mod invitation;
mod onboarding;
mod stage;
