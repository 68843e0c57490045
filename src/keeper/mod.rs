//! The only code that opens sealed secrets: keys, seals, refresh protocol, onboarding at Microsoft, validation. It is asked by
//! typed messages and shares neither pool nor row type with the portal.

mod app;
mod app_credential;
pub mod client;
mod core;
mod gate;
pub mod message;
mod reading;
mod refresh;
pub mod resource;
mod seal;
mod settings;
mod store;
pub mod text;
mod trouble;

pub use client::{Client, Unavailable};
pub use resource::Resource;
pub use seal::{BootError, Keyring, KeyringError, create_key_file};
pub use settings::Settings;
