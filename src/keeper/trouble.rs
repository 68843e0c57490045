//! The keeper's own trouble, and how it is told to those who asked: the cause goes into the log once, a number outside.

use super::message::Refusal;
use super::seal::VaultError;
use crate::clock::random_uuid;

/// Why the keeper could not do what was asked. Holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Nothing is wrong here; the question has this answer.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl From<Trouble> for Refusal {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(refusal) => refusal,
            Trouble::Vault(VaultError::Shut(why)) => {
                tracing::error!(%why, "a sealed value does not open");
                Self::Quarantined
            }
            Trouble::Database(_) | Trouble::Vault(VaultError::Database(_)) => {
                let reference = random_uuid();
                tracing::error!(%reference, error = %trouble, "the keeper could not do what was asked");
                Self::Trouble { reference }
            }
        }
    }
}
