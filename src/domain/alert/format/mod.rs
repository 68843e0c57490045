//! A message in the form that each kind of channel takes. Pure.

mod slack;
mod teams;
mod webhook;
pub(super) mod words;

pub use slack::slack;
pub use teams::teams;
pub use webhook::{ticket, webhook};

#[cfg(test)]
mod tests;
