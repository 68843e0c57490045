//! The program from outside: one test binary, one module per room.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy knows tests by their attribute and not the helpers they share"
)]

mod alerts;
mod api;
mod backup;
mod campaigns;
mod canary;
mod cli;
mod config;
mod console;
mod decisions;
mod deploy;
mod domain;
mod entra;
mod isolation;
mod journey;
mod keeper;
mod mail;
mod mails;
mod onboarding;
mod portal;
mod simulator;
mod storage;
mod support;
mod web;
mod workers;
