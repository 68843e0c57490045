//! The keeper from outside, against a real Postgres and a simulated Microsoft.

pub(crate) mod audit;
mod browser;
mod consent;
mod crashes;
mod deaths;
mod device;
mod forged;
mod grants;
mod hand_out;
mod held;
pub mod incidents;
mod keys;
mod links;
mod look;
mod messages;
mod plug;
mod refresh;
mod rotation;
mod seals;
mod socket;
mod sweep;
mod totp;
mod validate;
