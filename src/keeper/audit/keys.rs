//! The chain's keys: one to hash with and one to sign with, made once, sealed at rest by a data key of the purpose `audit`.
//! They stay the same when data keys and master keys are rotated.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use sqlx::PgPool;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::clock::{Clock, ordered_uuid, random_bytes};
use crate::keeper::seal::{Place, Purpose, Vault, VaultError};
use crate::keeper::store::audit_chain::{self, StoredKeys};

/// The opened keys. No `Debug`, no `Clone`.
pub(super) struct ChainKeys {
    pub(super) id: Uuid,
    pub(super) mac: hmac::Key,
    signing: Ed25519KeyPair,
}

/// Why the chain cannot be worked on.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    #[error("the keys of the audit chain: {0}")]
    Vault(#[from] VaultError),
    #[error("the audit chain: {0}")]
    Database(#[from] sqlx::Error),
    #[error("rows are sealed and the keys they were sealed with are gone from audit_keys")]
    Gone,
    #[error("the keys of the audit chain open to something that is no key")]
    NoKey,
    #[error("the chain's end is missing from audit_chain")]
    NoEnd,
}

impl ChainKeys {
    /// The keys of this database; made now when nothing was ever sealed.
    pub(super) async fn open_or_make(
        pool: &PgPool,
        vault: &Vault,
        clock: &Clock,
    ) -> Result<Self, ChainError> {
        if audit_chain::keys(pool).await?.is_none() {
            if audit_chain::is_begun(pool).await? {
                return Err(ChainError::Gone);
            }
            let made = make(vault, clock).await?;
            // Another keeper may have been faster: its keys count.
            audit_chain::insert_keys(pool, &made).await?;
        }
        Self::open(pool, vault).await?.ok_or(ChainError::Gone)
    }

    /// The keys of this database; none when nothing was ever sealed.
    pub(super) async fn open(pool: &PgPool, vault: &Vault) -> Result<Option<Self>, ChainError> {
        let Some(stored) = audit_chain::keys(pool).await? else {
            return Ok(None);
        };
        let row_id = stored.id.to_string();
        let purpose = Purpose::Audit;
        let mac = vault
            .open(purpose, &place("mac_ct", &row_id), &stored.mac_ct)
            .await?;
        let seed = vault
            .open(purpose, &place("signing_ct", &row_id), &stored.signing_ct)
            .await?;
        let keys = Self {
            id: stored.id,
            mac: hmac::Key::new(hmac::HMAC_SHA256, &mac),
            signing: Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| ChainError::NoKey)?,
        };
        Ok(Some(keys))
    }

    /// Ed25519, 64 bytes.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.signing.sign(message).as_ref().to_vec()
    }

    /// Of the key that signs: computed, not read, so that nobody who changes the table changes this.
    pub(super) fn public_key(&self) -> &[u8] {
        self.signing.public_key().as_ref()
    }
}

async fn make(vault: &Vault, clock: &Clock) -> Result<StoredKeys, ChainError> {
    let id = ordered_uuid();
    let row_id = id.to_string();
    let mac = Zeroizing::new(random_bytes::<32>());
    let seed = Zeroizing::new(random_bytes::<32>());
    let signing =
        Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| ChainError::NoKey)?;
    let purpose = Purpose::Audit;
    Ok(StoredKeys {
        id,
        mac_ct: vault
            .seal(purpose, &place("mac_ct", &row_id), mac.as_slice())
            .await?,
        signing_ct: vault
            .seal(purpose, &place("signing_ct", &row_id), seed.as_slice())
            .await?,
        public_key: signing.public_key().as_ref().to_vec(),
        created_at: clock.now(),
    })
}

/// Seal the keys anew by the active data key, unless another keeper was faster.
pub(in crate::keeper) async fn move_to_new_key(
    pool: &PgPool,
    vault: &Vault,
) -> Result<(), VaultError> {
    let Some(old) = audit_chain::keys(pool).await? else {
        return Ok(());
    };
    let row_id = old.id.to_string();
    let purpose = Purpose::Audit;
    let mut anew = Vec::with_capacity(2);
    for (column, ct) in [("mac_ct", &old.mac_ct), ("signing_ct", &old.signing_ct)] {
        let place = place(column, &row_id);
        let opened = vault.open(purpose, &place, ct).await?;
        anew.push(vault.seal(purpose, &place, &opened).await?);
    }
    if let [mac_ct, signing_ct] = anew.as_slice() {
        audit_chain::replace_keys(pool, &old, mac_ct, signing_ct).await?;
    }
    Ok(())
}

/// Where a key of the chain is sealed for.
pub(in crate::keeper) fn place<'a>(column: &'static str, row_id: &'a str) -> Place<'a> {
    Place {
        table: "audit_keys",
        column,
        tenant_id: Uuid::nil(),
        row_id,
        row_version: 0,
    }
}
