//! Sealing: master keys wrap data keys in the database, one per tenant and purpose; a data key seals records. What is
//! sealed, and when, is decided by the other rooms of the keeper.

mod boot;
mod custody;
mod data_key;
mod escrow;
mod fingerprint;
#[cfg(feature = "faults")]
pub(crate) mod fuzzing;
mod key_file;
mod keyring;
mod masters;
mod prepare;
mod record;
mod source;
mod stream;
mod vault;

pub use boot::BootError;
pub use custody::{BATCH as REWRAP_BATCH, Custody, CustodyError, Progress, Rotated};
pub use data_key::Purpose;
pub use escrow::{EscrowError, recombine};
pub use key_file::{create_key_file, create_key_file_of};
pub use keyring::{Keyring, KeyringError};
pub use record::{Opened, Place};
pub use source::{CommandSource, FileSource, KeySource};
pub use stream::{StreamKey, StreamKeyError, WrappedStreamKey};
pub use vault::{Rotation, Vault, VaultError};
