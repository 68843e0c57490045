//! The vault: seals and opens values with the data keys of the database, keeping unwrapped keys in memory. A value that
//! does not open is an error that says so; it is never replaced from here.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::PgPool;
use time::Duration;
use uuid::Uuid;

use super::data_key::{DataKey, Purpose};
use super::keyring::Keyring;
use super::masters::Masters;
use super::record::{self, Opened, Place};
use crate::clock::Clock;
use crate::keeper::store::keys::{self, StoredKey};

/// When a data key stops being used for new records.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    /// Records sealed with it.
    pub uses: i64,
    pub age: Duration,
    /// Uses reserved in the database at a time, so that sealing costs no statement of its own.
    pub block: i64,
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            uses: 1 << 28,
            age: Duration::days(90),
            block: 256,
        }
    }
}

/// Why a sealed value stays shut. The row is to be quarantined and never overwritten.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Shut {
    #[error("the record names the data key {0}, which is not in the database")]
    UnknownKey(Uuid),
    #[error("the data key is wrapped by the master key {0}, which the key file does not hold")]
    UnknownMaster(String),
    #[error("the data key was destroyed")]
    Destroyed,
    #[error("the data key belongs to another tenant or purpose")]
    Foreign,
    #[error("the value was moved or changed, or its key does not fit")]
    Broken,
}

/// Why the vault could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("sealed value: {0}")]
    Shut(#[from] Shut),
    #[error("data keys: {0}")]
    Database(#[from] sqlx::Error),
}

/// Seals and opens. One per keeper.
pub struct Vault {
    pub(super) pool: PgPool,
    pub(super) masters: Masters,
    pub(super) clock: Clock,
    pub(super) rotation: Rotation,
    known: Mutex<HashMap<Uuid, Arc<DataKey>>>,
    active: Mutex<HashMap<Owner, Reserved>>,
}

pub(super) type Owner = (Option<Uuid>, Purpose);

/// An active key with the uses of it that the database has counted already.
struct Reserved {
    key: Arc<DataKey>,
    left: i64,
    until: time::OffsetDateTime,
}

impl Vault {
    /// A vault over the data keys of `pool`'s database.
    pub fn new(pool: PgPool, keys: Keyring, clock: Clock, rotation: Rotation) -> Self {
        Self {
            pool,
            masters: Masters::new(keys),
            clock,
            rotation,
            known: Mutex::default(),
            active: Mutex::default(),
        }
    }

    /// Seal a value for a place, with the owner's active data key; makes one when there is none.
    pub async fn seal(
        &self,
        purpose: Purpose,
        place: &Place<'_>,
        plain: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let key = self.active_key(owner(place), purpose).await?;
        Ok(record::seal(&key.bytes, key.id, place, plain))
    }

    /// Open a value at its place.
    pub async fn open(
        &self,
        purpose: Purpose,
        place: &Place<'_>,
        sealed: &[u8],
    ) -> Result<Opened, VaultError> {
        let id = record::data_key_of(sealed).map_err(|_| Shut::Broken)?;
        let key = self.key(id).await?;
        if !key.serves(owner(place), purpose) {
            return Err(Shut::Foreign.into());
        }
        Ok(record::open(&key.bytes, place, sealed).map_err(|_| Shut::Broken)?)
    }

    /// Open a value that is a text.
    pub async fn open_text(
        &self,
        purpose: Purpose,
        place: &Place<'_>,
        sealed: &[u8],
    ) -> Result<secrecy::SecretString, VaultError> {
        let opened = self.open(purpose, place, sealed).await?;
        let text = std::str::from_utf8(&opened).map_err(|_| Shut::Broken)?;
        Ok(text.into())
    }

    pub(super) async fn key(&self, id: Uuid) -> Result<Arc<DataKey>, VaultError> {
        if let Some(key) = lock(&self.known).get(&id) {
            return Ok(Arc::clone(key));
        }
        match self.learn_by_id(id).await {
            Err(VaultError::Shut(Shut::UnknownMaster(_))) => {
                self.reload_if_late().await;
                // Looked up anew: it may have been wrapped anew meanwhile.
                self.learn_by_id(id).await
            }
            learned => learned,
        }
    }

    async fn learn_by_id(&self, id: Uuid) -> Result<Arc<DataKey>, VaultError> {
        let stored = keys::find(&self.pool, id)
            .await?
            .ok_or(Shut::UnknownKey(id))?;
        self.learn(&stored)
    }

    fn learn(&self, stored: &StoredKey) -> Result<Arc<DataKey>, VaultError> {
        let key = Arc::new(DataKey::unwrap(stored, &self.masters.get())?);
        lock(&self.known).insert(key.id, Arc::clone(&key));
        Ok(key)
    }

    /// A key was destroyed: what is in memory must not outlive it.
    pub fn forget_key(&self, id: Uuid) {
        lock(&self.known).remove(&id);
        lock(&self.active).retain(|_, reserved| reserved.key.id != id);
    }

    /// The same for every key of these tenants, and what was reserved of them: the next use asks the database.
    pub fn forget_tenants(&self, tenants: &HashSet<Uuid>) {
        let is_theirs = |tenant: &Option<Uuid>| tenant.is_some_and(|id| tenants.contains(&id));
        lock(&self.known).retain(|_, key| !is_theirs(&key.tenant_id));
        lock(&self.active).retain(|(tenant, _), _| !is_theirs(tenant));
    }

    /// Before something new is sealed for a tenant: its keys may have been given up a moment ago, and another keeper knows.
    pub fn ask_anew(&self, tenant: Uuid) {
        lock(&self.active).retain(|(owner, _), _| *owner != Some(tenant));
    }

    pub(super) async fn active_key(
        &self,
        tenant_id: Option<Uuid>,
        purpose: Purpose,
    ) -> Result<Arc<DataKey>, VaultError> {
        let owner = (tenant_id, purpose);
        if let Some(key) = self.take_reserved(owner) {
            return Ok(key);
        }
        // A few turns: another keeper may make or retire the key at the same time.
        for _ in 0..5 {
            let reserved =
                keys::reserve(&self.pool, tenant_id, purpose.as_str(), self.rotation.block).await?;
            match reserved {
                None => {
                    let masters = self.masters_for_new().await?;
                    let master = masters.primary();
                    let (key, wrapped) = DataKey::generate(tenant_id, purpose, master);
                    let stored = stored_key(&key, wrapped, master.id(), self.clock.now());
                    keys::insert(&self.pool, &stored).await?;
                }
                Some(stored) if self.is_worn(&stored) => {
                    keys::retire(&self.pool, stored.id).await?;
                }
                Some(stored) => {
                    return self.hold(owner, &stored).await;
                }
            }
        }
        Err(VaultError::Database(sqlx::Error::RowNotFound))
    }

    /// Keep a key whose uses were just reserved, and take the first of them.
    pub(super) async fn hold(
        &self,
        owner: Owner,
        stored: &StoredKey,
    ) -> Result<Arc<DataKey>, VaultError> {
        let key = match self.learn(stored) {
            Err(VaultError::Shut(Shut::UnknownMaster(_))) => self.key(stored.id).await?,
            learned => learned?,
        };
        let reserved = Reserved {
            key: Arc::clone(&key),
            left: self.rotation.block - 1,
            until: stored.created_at + self.rotation.age,
        };
        lock(&self.active).insert(owner, reserved);
        Ok(key)
    }

    /// Are uses of the owner's active key at hand?
    pub(super) fn is_ready(&self, owner: Owner) -> bool {
        let now = self.clock.now();
        lock(&self.active)
            .get(&owner)
            .is_some_and(|reserved| reserved.left > 0 && reserved.until > now)
    }

    fn take_reserved(&self, owner: Owner) -> Option<Arc<DataKey>> {
        let now = self.clock.now();
        let mut active = lock(&self.active);
        let reserved = active.get_mut(&owner)?;
        if reserved.left <= 0 || reserved.until <= now {
            active.remove(&owner);
            return None;
        }
        reserved.left -= 1;
        Some(Arc::clone(&reserved.key))
    }

    pub(super) fn is_worn(&self, stored: &StoredKey) -> bool {
        stored.uses > self.rotation.uses
            || stored.created_at + self.rotation.age <= self.clock.now()
    }
}

pub(super) fn stored_key(
    key: &DataKey,
    wrapped: Vec<u8>,
    kek_id: &str,
    now: time::OffsetDateTime,
) -> StoredKey {
    StoredKey {
        id: key.id,
        tenant_id: key.tenant_id,
        purpose: key.purpose.clone(),
        wrapped,
        kek_id: kek_id.to_owned(),
        state: "active".into(),
        uses: 0,
        created_at: now,
    }
}

fn owner(place: &Place<'_>) -> Option<Uuid> {
    (!place.tenant_id.is_nil()).then_some(place.tenant_id)
}

/// The maps are whole between any two statements, so a panic elsewhere does not make them unusable.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
