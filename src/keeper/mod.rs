//! The only code that opens sealed secrets: keys, seals, refresh protocol, onboarding at Microsoft, validation. It is asked by
//! typed messages and shares neither pool nor row type with the portal.

pub mod message;
mod seal;
mod store;
pub mod text;

pub use seal::{BootError, Keyring, KeyringError, create_key_file};
