//! The API as scripts meet it: keys, what they may, and access tokens.

mod document;
mod hand_out;
mod idempotency;
mod keys;
mod loops;
mod pages;
mod rest;
mod schema;
mod scopes;
pub mod stage;
