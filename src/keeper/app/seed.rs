//! The registration of the settings: it seeds the first one. Afterwards the database is the truth, save for a credential
//! that the settings never named before: whoever put it there wants it used.

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use super::credential::{Parts, seal_parts, seed_parts};
use crate::clock::{Clock, ordered_uuid};
use crate::entra::Cloud;
use crate::keeper::message::Actor;
use crate::keeper::message::app::Unfit;
use crate::keeper::seal::{Vault, VaultError};
use crate::keeper::store::{apps, audit};

/// Who stored what the settings named.
const SETTINGS: &str = "settings";

/// The registration as the settings name it.
pub struct AppSeed {
    pub client_id: Uuid,
    pub display_name: String,
    /// Empty for a registration that only uses the device code flow.
    pub credential: Option<SeedCredential>,
}

/// A credential as its file holds it.
pub enum SeedCredential {
    /// The client secret's value.
    Secret(SecretString),
    /// Certificate and RSA private key, PEM, in one text.
    Certificate(SecretString),
}

/// Why the registration of the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error("the client certificate file: {0}")]
    Certificate(#[from] Unfit),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("app registration: {0}")]
    Database(#[from] sqlx::Error),
}

/// Store the registration of the settings. A credential that is stored already changes nothing, also when it was retired
/// since; a new one is used from now on and the former ones of the settings are kept as retired.
pub(in crate::keeper) async fn seed(
    pool: &PgPool,
    vault: &Vault,
    clock: &Clock,
    cloud: Cloud,
    seed: &AppSeed,
) -> Result<(), SeedError> {
    let parts = seed.credential.as_ref().map(seed_parts).transpose()?;
    let now = clock.now();
    let known = apps::find_msp(pool, cloud.as_str()).await?;
    let registration = match known {
        Some(known) if known.client_id == seed.client_id => known,
        Some(known) => {
            tracing::warn!(
                settings = %seed.client_id,
                database = %known.client_id,
                "the settings name another app registration than the database: the database's is used"
            );
            return Ok(());
        }
        None => first(pool, cloud, seed, now).await?,
    };
    match parts {
        Some(parts) if !is_stored(pool, vault, registration.id, &parts).await? => {
            store_credential(pool, vault, &registration, parts, now).await
        }
        _ => Ok(()),
    }
}

async fn first(
    pool: &PgPool,
    cloud: Cloud,
    seed: &AppSeed,
    now: OffsetDateTime,
) -> sqlx::Result<apps::Registration> {
    let new = apps::Registration {
        id: ordered_uuid(),
        tenant_id: None,
        cloud: cloud.as_str().to_owned(),
        client_id: seed.client_id,
        display_name: seed.display_name.clone(),
        entra_tenant_id: None,
        state: "active".into(),
    };
    let mut tx = pool.begin().await?;
    if !apps::insert_registration(&mut tx, &new, now).await? {
        // Another keeper was faster.
        drop(tx);
        let stored = apps::find_msp(pool, cloud.as_str()).await?;
        return stored.ok_or(sqlx::Error::RowNotFound);
    }
    note(&mut tx, "app_registration.stored", new.id, now).await?;
    tx.commit().await?;
    Ok(new)
}

/// Is the secret or key one of the registration's?
pub(super) async fn is_stored(
    pool: &PgPool,
    vault: &Vault,
    registration: Uuid,
    parts: &Parts,
) -> Result<bool, VaultError> {
    let secret = parts.value.expose_secret().as_bytes();
    for stored in apps::credentials(pool, registration).await? {
        if vault.is_fingerprint_of(&stored.fingerprint, secret).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn store_credential(
    pool: &PgPool,
    vault: &Vault,
    registration: &apps::Registration,
    parts: Parts,
    now: OffsetDateTime,
) -> Result<(), SeedError> {
    let new = seal_parts(vault, registration, parts, "active", SETTINGS).await?;
    let mut tx = pool.begin().await?;
    apps::retire_all_of(&mut tx, registration.id, SETTINGS, now).await?;
    apps::insert_credential(&mut tx, registration.id, &new, now).await?;
    note(&mut tx, "app_credential.stored", new.id, now).await?;
    tx.commit().await?;
    Ok(())
}

async fn note(
    tx: &mut sqlx::PgConnection,
    action: &'static str,
    id: Uuid,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let entry = audit::Entry {
        tenant_id: None,
        actor: &Actor::keeper(),
        action,
        object_type: "app_registration",
        object_id: id.to_string(),
        result: "done",
        details: serde_json::json!({}),
    };
    audit::insert(tx, entry, now).await
}
