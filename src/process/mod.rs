//! The keeper as a process of its own. What it is told at its start, what it does then, and how the portal's process
//! starts, watches and stops it. What is asked of it once it runs goes over the socket of [`crate::keeper`].
//!
//! The process is `tenantry keeper --supervised`: its setup is one line of JSON on standard input, never arguments or
//! environment, which others may read. Standard input then stays open as a lifeline: its end means that the parent is gone
//! and that the keeper shall stop as at SIGTERM. It says `ready` on standard output once it takes questions.

mod harden;
mod keeper;
mod master_keys;
mod setup;
mod supervisor;

pub use harden::harden;
pub use keeper::{Parent, TAKEOVER, endpoints, run};
pub use master_keys::keyring;
pub use setup::{Lead, Setup, SetupError, receive};
pub use supervisor::{StartError, Supervisor};
