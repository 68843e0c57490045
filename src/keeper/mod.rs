//! The only code that opens sealed secrets: keys, seals, refresh protocol, onboarding at Microsoft, validation. It is asked by
//! typed messages and shares neither pool nor row type with the portal.

mod alerts;
mod app;
mod app_only;
pub mod audit;
pub mod client;
mod core;
mod desk;
mod errands;
mod facts;
mod fault;
mod gate;
mod hand_out;
mod incident;
pub mod inspect;
mod look;
pub mod message;
mod onboarding;
pub mod permission_set;
mod plug;
mod quick;
mod reading;
mod record;
mod refresh;
#[cfg(feature = "faults")]
pub mod rehearsal;
pub mod resource;
mod restored;
mod seal;
mod serve;
mod settings;
pub mod socket;
mod start;
mod store;
mod sweep;
pub mod text;
pub mod totp;
mod trouble;
mod validate;
pub mod wiped;

pub use crate::entra::meter::BOUNDS_MS as CALL_BOUNDS_MS;
pub use crate::entra::{Cloud, Operation};
pub use app::{AppSeed, SeedCredential, SeedError};
pub use client::{Client, Unavailable};
pub use errands::{Going, Join};
pub use permission_set::PermissionSet;
pub use resource::{Permission, Resource};
pub use restored::{AfterRestore, RestoreError, RestoreStep};
pub use seal::{
    BootError, CommandSource, Custody, CustodyError, EscrowError, FileSource, KeySource, Keyring,
    KeyringError, Progress, REWRAP_BATCH, Rotated, Rotation, StreamKey, StreamKeyError,
    WrappedStreamKey, create_key_file, create_key_file_of, recombine,
};
pub use settings::Settings;
pub use start::{Running, Setup, StartError, start};

/// For fuzzing: what the keeper reads.
#[cfg(feature = "faults")]
pub(crate) fn fuzzing_targets() -> [crate::fuzzing::Target; 2] {
    [seal::fuzzing::RECORD, MESSAGES]
}

/// Frames of the socket between portal and keeper, both ways.
#[cfg(feature = "faults")]
const MESSAGES: crate::fuzzing::Target = crate::fuzzing::Target {
    name: "messages",
    seeds: &[
        b"\0\0\0\x10{\"ask\":\"health\"}",
        b"\0\0\0\x67{\"ask\":\"end_flow\",\"tenant_id\":\"00000000-0000-0000-0000-000000000000\",\"flow_id\":\"00000000-0000-0000-0000-000000000000\"}",
        b"\xff\xff\xff\xff",
        b"\0\0\0\x02{}{}",
    ],
    run: |bytes| {
        let asked = socket::read_whole::<message::Request>(bytes);
        let told = socket::read_whole::<message::Reply>(bytes);
        // Bytes that end too soon are a closed line, never a wait.
        assert!(asked.is_some() && told.is_some());
    },
};
