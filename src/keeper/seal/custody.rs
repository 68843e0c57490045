//! The care of master keys, for `tenantry keys` and while keepers run: rotate, retire, look. Killed at any moment, the next
//! run goes on from what it finds in the source and in the database.

use std::sync::Arc;

use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::boot::{self, BootError};
use super::data_key::DataKey;
use super::key_file;
use super::keyring::{Keyring, KeyringError, MasterKey};
use super::masters::ReloadError;
use super::record;
use super::vault::{Rotation, Vault};
use crate::clock::Clock;
use crate::keeper::message::Actor;
use crate::keeper::message::keys::{Canary, Master};
use crate::keeper::store::audit;
use crate::keeper::store::keys::{self, InUse, Rewrapped, StoredKey};

/// Data keys wrapped anew in one statement.
pub const BATCH: i64 = 500;

/// What a rotation has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A new primary stands in the key file.
    Made { primary: String },
    /// An earlier rotation was not finished, or the source has another primary now.
    GoesOn { primary: String },
    /// So many data keys of so many are wrapped by the primary.
    Rewrapped { done: u64, of: u64 },
}

/// How a rotation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    pub primary: String,
    pub rewrapped: u64,
    /// Master keys that wrap nothing any more.
    pub idle: Vec<String>,
}

/// Why master keys could not be changed. What was done until then stays and is right.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    #[error(transparent)]
    Source(#[from] KeyringError),
    #[error(transparent)]
    Boot(#[from] BootError),
    #[error("the source holds another key under the id {0} than a moment ago")]
    Contradiction(String),
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    #[error(
        "{} data keys do not open and stay as they are, the first is {}; their master keys are still needed",
        .0.len(), .0.first().map(ToString::to_string).unwrap_or_default()
    )]
    Shut(Vec<Uuid>),
    #[error("{0} is the primary: rotate first")]
    Primary(String),
    #[error("no master key is called {0}; see `tenantry keys status`")]
    Unknown(String),
    #[error("{id} still wraps {data_keys} data keys: run `tenantry keys rotate` first")]
    Needed { id: String, data_keys: i64 },
}

impl From<ReloadError> for CustodyError {
    fn from(error: ReloadError) -> Self {
        match error {
            ReloadError::Source(error) => Self::Source(error),
            ReloadError::Contradiction(id) => Self::Contradiction(id),
            ReloadError::Unproven(error) => Self::Boot(error),
        }
    }
}

/// Master keys with the data keys of one database.
pub struct Custody {
    vault: Vault,
}

impl Custody {
    /// `pool` is the keeper's.
    pub fn new(pool: PgPool, keys: Keyring, clock: Clock) -> Self {
        Self {
            vault: Vault::new(pool, keys, clock, Rotation::default()),
        }
    }

    /// Make a new primary in the key file, unless an earlier rotation is unfinished or the keys are kept elsewhere; then
    /// wrap every data key by the primary, `batch` at a time.
    pub async fn rotate(
        &self,
        batch: i64,
        mut tell: impl FnMut(Progress),
    ) -> Result<Rotated, CustodyError> {
        let source = Arc::clone(self.masters().source());
        let _hold = source.file().map(key_file::hold).transpose()?;
        self.vault.reload().await?;
        let unfinished = self.is_unfinished().await?;
        if let Some(path) = source.file().filter(|_| !unfinished) {
            let mut keys = vec![MasterKey::random()];
            keys.extend_from_slice(self.masters().keys());
            key_file::replace(path, &keys)?;
            self.vault.reload().await?;
            tell(Progress::Made {
                primary: self.primary(),
            });
        } else if unfinished {
            tell(Progress::GoesOn {
                primary: self.primary(),
            });
        }
        let rewrapped = self.rewrap(batch, &mut tell).await?;
        let idle = self.finish(rewrapped).await?;
        Ok(Rotated {
            primary: self.primary(),
            rewrapped,
            idle,
        })
    }

    /// Take a master key out of use for good, or every one but the primary, and out of the key file. Gives which.
    pub async fn retire(&self, id: Option<&str>) -> Result<Vec<String>, CustodyError> {
        let source = Arc::clone(self.masters().source());
        let _hold = source.file().map(key_file::hold).transpose()?;
        self.vault.reload().await?;
        let masters = self.masters();
        let primary = masters.primary().id();
        if id == Some(primary) {
            return Err(CustodyError::Primary(primary.to_owned()));
        }
        if let Some(id) = id.filter(|id| masters.find(id).is_none()) {
            return Err(CustodyError::Unknown(id.to_owned()));
        }
        let (gone, kept): (Vec<MasterKey>, Vec<MasterKey>) = masters
            .keys()
            .iter()
            .cloned()
            .partition(|key| key.id() != primary && id.is_none_or(|id| id == key.id()));
        let gone: Vec<String> = gone.iter().map(|key| key.id().to_owned()).collect();
        self.take_out(&gone).await?;
        if let Some(path) = source.file().filter(|_| !gone.is_empty()) {
            key_file::replace(path, &kept)?;
        }
        Ok(gone)
    }

    /// Every master key known to the source or to the database, the source's first.
    pub async fn status(&self) -> Result<Vec<Master>, CustodyError> {
        Ok(self.vault.masters_status().await?)
    }

    /// As errors name the source.
    pub fn source(&self) -> String {
        self.masters().source().describe()
    }

    /// Is it a file that a rotation writes?
    pub fn is_file(&self) -> bool {
        self.masters().source().file().is_some()
    }

    fn masters(&self) -> Arc<Keyring> {
        self.vault.masters.get()
    }

    fn primary(&self) -> String {
        self.masters().primary().id().to_owned()
    }

    /// Does another master key than the primary still wrap something?
    async fn is_unfinished(&self) -> sqlx::Result<bool> {
        let primary = self.primary();
        let mut db = self.vault.pool.acquire().await?;
        let watched = keys::canaries(&mut db).await?;
        Ok(others(&keys::in_use(&mut *db).await?, &primary) > 0
            || watched
                .iter()
                .any(|one| !one.is_over && one.kek_id != primary))
    }

    async fn rewrap(
        &self,
        batch: i64,
        tell: &mut impl FnMut(Progress),
    ) -> Result<u64, CustodyError> {
        let (pool, primary) = (&self.vault.pool, self.primary());
        let mut done = 0;
        // Again and again: a keeper that has not heard of the new primary may make data keys meanwhile.
        loop {
            let of = done + others(&keys::in_use(pool).await?, &primary);
            if of == done {
                return Ok(done);
            }
            let mut shut = Vec::new();
            let mut after = Uuid::nil();
            loop {
                let read = keys::wrapped_otherwise(pool, &primary, after, batch).await?;
                let Some(last) = read.last() else {
                    break;
                };
                after = last.id;
                let wrapped = wrap_anew(&self.masters(), &read, &mut shut);
                let stored = keys::rewrap(pool, &primary, &wrapped).await?;
                done += stored;
                let of = of.max(done);
                tell(Progress::Rewrapped { done, of });
            }
            if !shut.is_empty() {
                return Err(CustodyError::Shut(shut));
            }
        }
    }

    /// The canaries of idle master keys end, and the log says what was done.
    async fn finish(&self, rewrapped: u64) -> Result<Vec<String>, CustodyError> {
        let primary = self.primary();
        let mut tx = self.vault.pool.begin().await?;
        keys::lock_canaries(&mut tx).await?;
        let idle = keys::end_canaries(&mut tx, &primary).await?;
        if rewrapped > 0 || !idle.is_empty() {
            let details = json!({ "primary": primary, "rewrapped": rewrapped, "idle": idle });
            self.note(&mut tx, "keys.rotate", &primary, details).await?;
        }
        tx.commit().await?;
        Ok(idle)
    }

    async fn take_out(&self, gone: &[String]) -> Result<(), CustodyError> {
        let mut tx = self.vault.pool.begin().await?;
        keys::lock_canaries(&mut tx).await?;
        keys::lock_keys(&mut tx).await?;
        let in_use = keys::in_use(&mut *tx).await?;
        if let Some(one) = in_use.iter().find(|one| gone.contains(&one.kek_id)) {
            return Err(CustodyError::Needed {
                id: one.kek_id.clone(),
                data_keys: one.data_keys,
            });
        }
        keys::end_canaries(&mut tx, &self.primary()).await?;
        for id in gone {
            keys::take_out_of_use(&mut tx, id, self.vault.clock.now()).await?;
            self.note(&mut tx, "keys.retire", id, json!({})).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn note(
        &self,
        tx: &mut sqlx::PgConnection,
        action: &'static str,
        id: &str,
        details: serde_json::Value,
    ) -> sqlx::Result<()> {
        let actor = Actor {
            kind: "command".into(),
            id: None,
            name: "keys".into(),
            ip: String::new(),
        };
        let entry = audit::Entry {
            tenant_id: None,
            actor: &actor,
            action,
            object_type: "master_key",
            object_id: id.to_owned(),
            result: "done",
            details,
        };
        audit::insert(tx, entry, self.vault.clock.now()).await
    }
}

impl Vault {
    /// See [`Custody::status`].
    pub async fn masters_status(&self) -> sqlx::Result<Vec<Master>> {
        let masters = self.masters.get();
        let mut db = self.pool.acquire().await?;
        let in_use = keys::in_use(&mut *db).await?;
        let canaries = keys::canaries(&mut db).await?;
        let mut ids: Vec<String> = masters.keys().iter().map(|key| key.id().into()).collect();
        let stored = in_use.iter().map(|one| &one.kek_id);
        for id in stored.chain(canaries.iter().map(|one| &one.kek_id)) {
            if !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        let mut all = Vec::new();
        for id in ids {
            let watched = canaries.iter().find(|canary| canary.kek_id == id);
            let canary = match watched {
                None => Canary::None,
                Some(canary) if canary.is_over => Canary::Over,
                Some(canary) => match boot::check(&mut db, canary, &masters).await? {
                    None => Canary::Opens,
                    Some(why) => Canary::Shut(why.to_string()),
                },
            };
            all.push(Master {
                is_at_hand: masters.find(&id).is_some(),
                is_primary: masters.primary().id() == id,
                data_keys: in_use
                    .iter()
                    .find(|one| one.kek_id == id)
                    .map_or(0, |one| one.data_keys),
                retired_at: watched.and_then(|canary| canary.retired_at),
                canary,
                id,
            });
        }
        Ok(all)
    }
}

fn others(in_use: &[InUse], primary: &str) -> u64 {
    in_use
        .iter()
        .filter(|one| one.kek_id != primary)
        .map(|one| one.data_keys.unsigned_abs())
        .sum()
}

/// Wrap keys by the primary; what does not open is named in `shut` and left alone.
fn wrap_anew(masters: &Keyring, read: &[StoredKey], shut: &mut Vec<Uuid>) -> Vec<Rewrapped> {
    let master = masters.primary();
    let mut wrapped = Vec::with_capacity(read.len());
    for stored in read {
        let Ok(key) = DataKey::unwrap(stored, masters) else {
            shut.push(stored.id);
            continue;
        };
        let aad = record::wrap_aad(master.id(), key.id, key.tenant_id, &key.purpose);
        wrapped.push(Rewrapped {
            id: key.id,
            from: stored.kek_id.clone(),
            wrapped: record::wrap(master.bytes(), &aad, &key.bytes),
        });
    }
    wrapped
}
