//! The program from outside: one test binary, one module per room.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy knows tests by their attribute and not the helpers they share"
)]

mod config;
mod entra;
mod keeper;
mod simulator;
mod storage;
mod support;
