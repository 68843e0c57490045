//! Sealing: master keys from a file wrap data keys in the database, one per tenant and purpose; a data key seals records.
//! What is sealed, and when, is decided by the other rooms of the keeper.

mod boot;
mod data_key;
mod fingerprint;
mod keyring;
mod prepare;
mod record;
mod vault;

pub use boot::BootError;
pub use data_key::Purpose;
pub use keyring::{Keyring, KeyringError, create_key_file};
pub use record::Place;
pub use vault::{Rotation, Vault, VaultError};
