//! The keeper's share of a restore: what was revoked since the backup is revoked again where only the keeper may, every
//! sealed value is opened once, and the coming renewals are spread, so that Microsoft does not meet all of them at once.

mod open;
mod spread;

use serde_json::{Map, Value, json};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::audit::{self, ChainError};
use super::message::Actor;
use super::seal::{BootError, Keyring, Rotation, Vault, VaultError};
use super::store::{audit as audit_rows, restored};
use crate::clock::Clock;

/// What a step found and did, by name.
type Found = Map<String, Value>;

/// A step of the keeper's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreStep {
    /// End revoked connections and forget their tokens; forget the secrets of sign-ins.
    Connections,
    /// Retire credentials of app registrations.
    Credentials,
    /// Destroy data keys of customers of whom everything was deleted.
    DataKeys,
    /// Open everything that is sealed and still in use.
    Seals,
    /// Begin a new part of the audit log.
    Audit,
    /// Spread the renewals that are due.
    Schedule,
}

impl RestoreStep {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Credentials => "credentials",
            Self::DataKeys => "data_keys",
            Self::Seals => "seals",
            Self::Audit => "audit",
            Self::Schedule => "schedule",
        }
    }
}

/// Why a step was not done; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error(transparent)]
    Keys(#[from] BootError),
    #[error("data keys: {0}")]
    Vault(#[from] VaultError),
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
}

/// Hands on a restored database that nothing else works on.
pub struct AfterRestore {
    pool: PgPool,
    vault: Vault,
    clock: Clock,
}

impl AfterRestore {
    /// `pool` is the keeper's. Refuses master keys that do not fit the database.
    pub async fn begin(pool: PgPool, keys: Keyring, clock: Clock) -> Result<Self, RestoreError> {
        let vault = Vault::new(pool.clone(), keys, clock.clone(), Rotation::default());
        vault.prove().await?;
        Ok(Self { pool, vault, clock })
    }

    /// Do a step of the restore `restore` and write down what it found.
    pub async fn run(&self, restore: Uuid, step: RestoreStep) -> Result<Found, RestoreError> {
        let now = self.clock.now();
        let mut tx = self.pool.begin().await?;
        restored::take_time(&mut tx).await?;
        let found = match step {
            RestoreStep::Connections => {
                let ended = restored::end_connections(&mut tx, restore, now).await?;
                json!({
                    "ended": ended.connections,
                    "refresh_tokens_forgotten": ended.refresh_tokens,
                    "access_tokens_forgotten": ended.access_tokens,
                    "sign_ins_forgotten": restored::forget_flow_secrets(&mut tx).await?,
                })
            }
            RestoreStep::Credentials => {
                json!({ "retired": restored::retire_credentials(&mut tx, restore, now).await? })
            }
            RestoreStep::DataKeys => {
                json!({ "destroyed": restored::destroy_data_keys(&mut tx, restore).await? })
            }
            RestoreStep::Seals => open::everything(&mut tx, &self.vault, now).await?,
            RestoreStep::Audit => self.begin_audit_anew(&mut tx).await?,
            RestoreStep::Schedule => spread::renewals(&mut tx, now).await?,
        };
        let found = match found {
            Value::Object(found) => found,
            _ => Found::new(),
        };
        restored::note(&mut tx, restore, step.as_str(), &found, now).await?;
        self.write(&mut tx, restore, step, &found).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Keys that stay shut were named by the step before; the log cannot be sealed then, and the keeper says so.
    async fn begin_audit_anew(&self, tx: &mut PgConnection) -> Result<Value, RestoreError> {
        match audit::begin_anew(&self.pool, tx, &self.vault).await {
            Ok(Some(checkpoint)) => {
                let (line, seq) = (checkpoint.line(), checkpoint.seq);
                tracing::info!(
                    target: "tenantry::audit",
                    checkpoint = line,
                    "the audit log goes on after seal {seq} of the backup"
                );
                Ok(json!({ "after": seq }))
            }
            Ok(None) => Ok(json!({})),
            Err(ChainError::Database(error)) => Err(error.into()),
            Err(error) => {
                tracing::error!(%error, "no new part of the audit log can be begun");
                Ok(json!({ "failed": true }))
            }
        }
    }

    async fn write(
        &self,
        tx: &mut PgConnection,
        restore: Uuid,
        step: RestoreStep,
        found: &Found,
    ) -> sqlx::Result<()> {
        let actor = Actor {
            kind: "command".into(),
            id: None,
            name: "restore".into(),
            ip: String::new(),
        };
        let entry = audit_rows::Entry {
            tenant_id: None,
            actor: &actor,
            action: "installation.restore_step",
            object_type: "restore",
            object_id: restore.to_string(),
            result: "done",
            details: json!({ "step": step.as_str(), "found": found }),
        };
        audit_rows::insert(tx, entry, self.clock.now()).await
    }
}
