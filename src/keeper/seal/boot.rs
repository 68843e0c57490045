//! The proof at start that the master keys fit the database: every master key in use is at hand and opens its canary.
//! Nothing is written before that is known.

use sqlx::PgConnection;
use uuid::Uuid;

use super::data_key::{DataKey, Purpose};
use super::keyring::{Keyring, MasterKey};
use super::record::{self, Place};
use super::vault::{Shut, Vault, stored_key};
use crate::keeper::store::keys;

const KNOWN: &[u8] = b"Tenantry opens what it sealed.";

/// Why the keeper must not start with these master keys (exit code 78, except for the database).
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    #[error(
        "the database holds data sealed under the master key {0}, which is not at hand: restore the right master_key_file, or let master_key_command print that key too"
    )]
    UnknownMaster(String),
    #[error(
        "the master key {kek_id} does not open what the database holds ({why}): restore the right master_key_file, or let master_key_command print the right key"
    )]
    Canary { kek_id: String, why: Shut },
    #[error("the data keys cannot be read: {0}")]
    Database(#[from] sqlx::Error),
}

impl BootError {
    /// The master keys are wrong, and not the database out of reach.
    pub const fn is_configuration(&self) -> bool {
        !matches!(self, Self::Database(_))
    }
}

impl Vault {
    /// Check every master key in use against its canary; a new primary gets one.
    pub async fn prove(&self) -> Result<(), BootError> {
        self.prove_with(&self.masters.get()).await
    }

    /// The same with keys that are not in use yet.
    pub(super) async fn prove_with(&self, masters: &Keyring) -> Result<(), BootError> {
        let mut tx = self.pool.begin().await?;
        // Two keepers with different key files on a fresh database: the second must see the first one's canary.
        keys::lock_canaries(&mut tx).await?;
        let canaries = look(&mut tx, masters).await?;
        let primary = masters.primary().id();
        if !canaries.iter().any(|canary| canary.watches(primary)) {
            self.plant(&mut tx, masters.primary()).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The same, writing nothing: is the keeper still able to work.
    pub async fn is_proven(&self) -> Result<(), BootError> {
        let mut connection = self.pool.acquire().await?;
        if let Err(BootError::UnknownMaster(_)) = look(&mut connection, &self.masters.get()).await {
            self.reload_if_late().await;
        }
        look(&mut connection, &self.masters.get()).await?;
        Ok(())
    }

    async fn plant(&self, tx: &mut PgConnection, master: &MasterKey) -> Result<(), BootError> {
        let now = self.clock.now();
        keys::retire_all(&mut *tx, Purpose::Canary.as_str()).await?;
        let (key, wrapped) = DataKey::generate(None, Purpose::Canary, master);
        keys::insert(&mut *tx, &stored_key(&key, wrapped, master.id(), now)).await?;
        let ct = record::seal(&key.bytes, key.id, &place(master.id()), KNOWN);
        keys::put_canary(&mut *tx, master.id(), key.id, &ct, now).await?;
        Ok(())
    }
}

/// Every master key in use is at hand, and opens its canary.
async fn look(db: &mut PgConnection, masters: &Keyring) -> Result<Vec<keys::Canary>, BootError> {
    for kek_id in keys::masters_in_use(&mut *db).await? {
        if masters.find(&kek_id).is_none() {
            return Err(BootError::UnknownMaster(kek_id));
        }
    }
    let canaries = keys::canaries(&mut *db).await?;
    for canary in &canaries {
        if let Some(why) = check(&mut *db, canary, masters).await? {
            return Err(BootError::Canary {
                kek_id: canary.kek_id.clone(),
                why,
            });
        }
    }
    Ok(canaries)
}

/// Why a canary does not open.
pub(super) async fn check(
    db: &mut PgConnection,
    canary: &keys::Canary,
    masters: &Keyring,
) -> sqlx::Result<Option<Shut>> {
    if !canary.watches(&canary.kek_id) {
        return Ok(None); // a master key that was rotated out
    }
    let Some(stored) = keys::find(&mut *db, canary.dk_id).await? else {
        return Ok(Some(Shut::UnknownKey(canary.dk_id)));
    };
    let key = match DataKey::unwrap(&stored, masters) {
        Ok(key) => key,
        Err(why) => return Ok(Some(why)),
    };
    match record::open(&key.bytes, &place(&canary.kek_id), &canary.ct) {
        Ok(opened) if opened.as_slice() == KNOWN => Ok(None),
        _ => Ok(Some(Shut::Broken)),
    }
}

fn place(kek_id: &str) -> Place<'_> {
    Place {
        table: "key_canaries",
        column: "ct",
        tenant_id: Uuid::nil(),
        row_id: kek_id,
        row_version: 0,
    }
}
