//! Tenantry keeps a managed service provider's Microsoft 365 authorisations alive.
//!
//! Rooms, one sentence each; `docs/architecture.md` draws how data flows between them.

/// Everything built once at start and shared by every request and worker of the portal.
pub mod app;
/// Backups, their restore, and what a restored installation must go through before it serves.
pub mod backup;
/// The command line: what there is to run, and how it ends.
pub mod cli;
/// Now and randomness; the only caller of the system's own.
pub mod clock;
/// Every setting, its default, what it expects.
pub mod config;
/// Everything on one machine with sample tenants.
pub mod demo;
/// What the portal knows and decides; no HTTP in here.
pub mod domain;
/// The only code that speaks to Microsoft.
pub mod entra;
/// What reads strangers' bytes, as functions of bytes alone, for fuzzing.
#[cfg(feature = "faults")]
pub mod fuzzing;
/// The only code that opens sealed secrets; asked by typed messages.
pub mod keeper;
/// The languages of customers, and the texts in each.
pub mod language;
/// Letters to people by SMTP.
pub mod mail;
/// Any OpenID provider on the wire, for the sign-on of technicians.
pub mod oidc;
/// HTTP to other sites: how a client is built, how much is read.
pub mod outbound;
/// The keeper as a process of its own: started, watched and stopped by the portal's.
pub mod process;
/// The portal and its workers as one running thing.
pub mod server;
/// A pretend Microsoft for demo, rehearsal and tests; knows nothing of the portal.
pub mod simulator;
/// Pool, migrator, private Postgres, typed ids, constraint errors; no business SQL.
pub mod storage;
/// The log's format and filter.
pub mod telemetry;
/// Who is looking: pages and API, one router per audience.
pub mod web;
/// What runs by itself.
pub mod workers;
