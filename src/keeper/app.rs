//! The MSP's app registration: seeded from the settings at first, true in the database afterwards, and the credential
//! in use for calls. Its page and its rotation belong elsewhere.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use super::app_credential::{Parts, parts};
use super::message::Actor;
use super::seal::{Purpose, Vault, VaultError};
use super::store::{apps, audit};
use crate::clock::{Clock, ordered_uuid};
use crate::entra::{App, Credential};

/// Another keeper may have stored a newer credential.
const FRESH_FOR: Duration = Duration::from_secs(30);

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
    #[error("the client certificate file must hold one CERTIFICATE and one PRIVATE KEY in PEM")]
    Certificate,
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("app registration: {0}")]
    Database(#[from] sqlx::Error),
}

/// The registration with the credential in use.
#[derive(Clone)]
pub(super) struct AppInUse {
    pub registration_id: Uuid,
    pub app: App,
    /// End of the credential, when it is known.
    pub ends_at: Option<OffsetDateTime>,
}

/// The registration in use, read again every half minute.
#[derive(Default)]
pub(super) struct AppCache {
    known: Mutex<Option<(Instant, AppInUse)>>,
}

impl AppCache {
    /// The registration in use; `None` when none is stored.
    pub async fn get(&self, pool: &PgPool, vault: &Vault) -> Result<Option<AppInUse>, VaultError> {
        let mut known = self.known.lock().await;
        if let Some((at, app)) = known.as_ref()
            && at.elapsed() < FRESH_FOR
        {
            return Ok(Some(app.clone()));
        }
        let read = read(pool, vault).await?;
        *known = read.clone().map(|app| (Instant::now(), app));
        Ok(read)
    }
}

async fn read(pool: &PgPool, vault: &Vault) -> Result<Option<AppInUse>, VaultError> {
    let Some(registration) = apps::find(pool).await? else {
        return Ok(None);
    };
    let stored = apps::credentials(pool, registration.id).await?;
    let active = stored.into_iter().find(|one| one.state == "active");
    let mut ends_at = None;
    let mut credential = None;
    if let Some(active) = active {
        ends_at = active.not_after;
        let row_id = active.id.to_string();
        let value = vault
            .open_text(Purpose::App, &apps::place(&row_id), &active.ct)
            .await?;
        credential = Some(match active.certificate {
            Some(certificate_der) => Credential::Certificate {
                private_key_pem: value,
                certificate_der,
            },
            None => Credential::Secret(value),
        });
    }
    Ok(Some(AppInUse {
        registration_id: registration.id,
        app: App {
            client_id: registration.client_id,
            credential,
        },
        ends_at,
    }))
}

/// Store the registration of the settings. A credential that is stored already changes nothing, also when it was retired
/// since; a new one is used from now on and the others are kept as retired.
pub(super) async fn seed(
    pool: &PgPool,
    vault: &Vault,
    clock: &Clock,
    seed: &AppSeed,
) -> Result<(), SeedError> {
    let parts = seed.credential.as_ref().map(parts).transpose()?;
    let now = clock.now();
    let wanted = apps::Registration {
        id: ordered_uuid(),
        client_id: seed.client_id,
        display_name: seed.display_name.clone(),
    };
    let registration = match apps::find(pool).await? {
        Some(known)
            if known.client_id == wanted.client_id && known.display_name == wanted.display_name =>
        {
            known
        }
        _ => {
            let mut tx = pool.begin().await?;
            let stored = apps::upsert(&mut tx, &wanted, now).await?;
            note(&mut tx, "app_registration.stored", stored.id, now).await?;
            tx.commit().await?;
            stored
        }
    };
    match parts {
        Some(parts) if !is_stored(pool, vault, registration.id, &parts).await? => {
            store_credential(pool, vault, registration.id, parts, now).await
        }
        _ => Ok(()),
    }
}

async fn is_stored(
    pool: &PgPool,
    vault: &Vault,
    registration: Uuid,
    parts: &Parts,
) -> Result<bool, SeedError> {
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
    registration: Uuid,
    parts: Parts,
    now: OffsetDateTime,
) -> Result<(), SeedError> {
    let id = ordered_uuid();
    let secret = parts.value.expose_secret().as_bytes();
    let row_id = id.to_string();
    let new = apps::NewCredential {
        id,
        kind: parts.kind,
        ct: vault
            .seal(Purpose::App, &apps::place(&row_id), secret)
            .await?,
        fingerprint: vault.fingerprint(None, Purpose::App, secret).await?,
        certificate: parts.certificate,
        hint: parts.hint,
        not_after: parts.not_after,
    };
    let mut tx = pool.begin().await?;
    apps::insert_credential(&mut tx, registration, &new, now).await?;
    apps::use_only(&mut tx, registration, id).await?;
    note(&mut tx, "app_credential.stored", id, now).await?;
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
