//! The only code that opens sealed secrets: keys, seals, refresh protocol, onboarding at Microsoft, validation. It is asked by
//! typed messages and shares neither pool nor row type with the portal.

pub mod client;
pub mod message;
pub mod resource;
pub mod text;

pub use client::{Client, Unavailable};
pub use resource::Resource;
