//! The vault's master keys, read from their source again when the database speaks of one that is not at hand: a rotation
//! by another process is taken up while this one works.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::boot::BootError;
use super::keyring::{Keyring, KeyringError};
use super::vault::Vault;
use crate::keeper::store::keys;

/// The source is asked so often at most, unless a person asks.
const PAUSE: Duration = Duration::from_secs(5);

/// The keys at hand.
pub(super) struct Masters {
    now: RwLock<Arc<Keyring>>,
    /// When the source was asked last.
    asked: Mutex<Option<Instant>>,
}

/// Why the keys at hand are kept.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    #[error(transparent)]
    Source(#[from] KeyringError),
    #[error("the source holds another key under the id {0} than before")]
    Contradiction(String),
    #[error(transparent)]
    Unproven(#[from] BootError),
}

impl Masters {
    pub(super) fn new(keys: Keyring) -> Self {
        Self {
            now: RwLock::new(Arc::new(keys)),
            asked: Mutex::default(),
        }
    }

    pub(super) fn get(&self) -> Arc<Keyring> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&now)
    }

    fn set(&self, keys: Keyring) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

impl Vault {
    /// Read the master keys from their source again; they are used once they are proven against the database.
    pub async fn reload(&self) -> Result<(), ReloadError> {
        let mut asked = self.masters.asked.lock().await;
        *asked = Some(Instant::now());
        let known = self.masters.get();
        let read = Keyring::load(Arc::clone(known.source())).await?;
        if let Some(id) = known.contradiction(&read) {
            return Err(ReloadError::Contradiction(id.to_owned()));
        }
        self.prove_with(&read).await?;
        self.masters.set(read);
        Ok(())
    }

    /// The same when something points to newer keys, unless it was done a moment ago. Trouble goes to the log: the keys at
    /// hand stay in use.
    pub(super) async fn reload_if_late(&self) {
        if let Some(at) = *self.masters.asked.lock().await
            && at.elapsed() < PAUSE
        {
            return;
        }
        match self.reload().await {
            Ok(()) => tracing::info!("the master keys were read again"),
            Err(error) => tracing::error!(%error, "the master keys cannot be read again"),
        }
    }

    /// The id of the key that wraps new data keys.
    pub fn primary_id(&self) -> String {
        self.masters.get().primary().id().to_owned()
    }

    /// The keys for a new data key: a rotation may have made another one primary.
    pub(super) async fn masters_for_new(&self) -> sqlx::Result<Arc<Keyring>> {
        let newest = keys::newest_master(&self.pool).await?;
        if newest.is_some_and(|id| id != self.masters.get().primary().id()) {
            self.reload_if_late().await;
        }
        Ok(self.masters.get())
    }
}
