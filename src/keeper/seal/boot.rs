//! The proof at start that the key file fits the database: every master key in use is at hand and opens its canary.
//! Nothing is written before that is known.

use sqlx::PgConnection;
use uuid::Uuid;

use super::data_key::{DataKey, Purpose};
use super::record::{self, Place};
use super::vault::{Shut, Vault, stored_key};
use crate::keeper::store::keys;

const KNOWN: &[u8] = b"Tenantry opens what it sealed.";

/// Why the keeper must not start with this key file (exit code 78, except for the database).
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    #[error(
        "the database holds data sealed under the master key {0}, which the key file does not hold: restore the right master_key_file"
    )]
    UnknownMaster(String),
    #[error(
        "the master key {kek_id} of the key file does not open what the database holds ({why}): restore the right master_key_file"
    )]
    Canary { kek_id: String, why: Shut },
    #[error("the data keys cannot be read: {0}")]
    Database(#[from] sqlx::Error),
}

impl Vault {
    /// Check every master key in use against its canary; a new primary gets one.
    pub async fn prove(&self) -> Result<(), BootError> {
        let mut tx = self.pool.begin().await?;
        // Two keepers with different key files on a fresh database: the second must see the first one's canary.
        keys::lock_canaries(&mut tx).await?;
        let canaries = self.look(&mut tx).await?;
        let primary = self.keys.primary().id();
        if !canaries.iter().any(|canary| canary.kek_id == primary) {
            self.plant(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The same, writing nothing: is the keeper still able to work.
    pub async fn is_proven(&self) -> Result<(), BootError> {
        let mut connection = self.pool.acquire().await?;
        self.look(&mut connection).await?;
        Ok(())
    }

    async fn look(&self, db: &mut PgConnection) -> Result<Vec<keys::Canary>, BootError> {
        for kek_id in keys::masters_in_use(&mut *db).await? {
            if self.keys.find(&kek_id).is_none() {
                return Err(BootError::UnknownMaster(kek_id));
            }
        }
        let canaries = keys::canaries(&mut *db).await?;
        for canary in &canaries {
            self.check(&mut *db, canary).await?;
        }
        Ok(canaries)
    }

    async fn check(&self, tx: &mut PgConnection, canary: &keys::Canary) -> Result<(), BootError> {
        let failed = |why| BootError::Canary {
            kek_id: canary.kek_id.clone(),
            why,
        };
        let stored = keys::find(&mut *tx, canary.dk_id)
            .await?
            .ok_or_else(|| failed(Shut::UnknownKey(canary.dk_id)))?;
        if stored.state == "destroyed" {
            return Ok(()); // a master key that was rotated out
        }
        let key = DataKey::unwrap(&stored, &self.keys).map_err(failed)?;
        match record::open(&key.bytes, &place(&canary.kek_id), &canary.ct) {
            Ok(opened) if opened.as_slice() == KNOWN => Ok(()),
            _ => Err(failed(Shut::Broken)),
        }
    }

    async fn plant(&self, tx: &mut PgConnection) -> Result<(), BootError> {
        let master = self.keys.primary();
        let now = self.clock.now();
        keys::retire_all(&mut *tx, Purpose::Canary.as_str()).await?;
        let (key, wrapped) = DataKey::generate(None, Purpose::Canary, master);
        keys::insert(&mut *tx, &stored_key(&key, wrapped, master.id(), now)).await?;
        let ct = record::seal(&key.bytes, key.id, &place(master.id()), KNOWN);
        keys::insert_canary(&mut *tx, master.id(), key.id, &ct, now).await?;
        Ok(())
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
