//! The audit log's seal: every row enters one chain whose keys the database does not hold, and signed checkpoints of the
//! chain leave the database. What a row says is the business of whoever writes it ([`crate::domain::audit`]).
//!
//! `hash(n) = HMAC-SHA-256(key, hash(n-1) | n | id | time | sealed at | HMAC-SHA-256(key, row))`. security.md section 11 hashes
//! the row itself; its HMAC stands in its place here, so that the chain can be walked over rows that are past their
//! retention, and a row that was changed is told from a seal that was.

mod bytes;
mod checkpoint;
mod keys;
mod restored;
mod retention;
mod row;
mod seal;
mod verify;
mod worker;

pub use checkpoint::{Checkpoint, Cut, Kind, read as read_checkpoints};
pub use keys::ChainError;
pub(super) use keys::{move_to_new_key, place};
pub(super) use restored::begin_anew;
pub use row::Row;
pub use seal::Seal;
pub use verify::{Finding, Inspector, Report, Restored, VerifyError, Wrong};
pub(super) use worker::{prepare, work};
