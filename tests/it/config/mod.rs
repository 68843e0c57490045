//! The settings, as a person who writes them meets them.

mod errors;
mod values;
