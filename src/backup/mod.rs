//! Backups: one sealed file with everything the database holds, taken from one instant and counted against it; and the way
//! back, which ends with a restored installation in which nothing that was revoked since has come back to life.
//!
//! The master keys are never part of it: without the key file a backup is noise.

mod error;
mod file;
mod finish;
mod format;
mod pump;
mod restore;
mod rows;
mod take;
mod verify;

pub use error::BackupError;
pub use finish::{Finished, Hands, LogChoice, Progress, finish};
pub use format::{Header, Manifest};
pub use restore::{begin, restore};
pub use take::{Taken, take};
pub use verify::{Verified, verify};
