//! Opening everything once: what does not open is known before a customer needs it. A refresh token that stays shut sets its
//! connection aside; nothing is overwritten or called dead.

use std::sync::Arc;

use serde_json::{Value, json};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::RestoreError;
use crate::keeper::audit;
use crate::keeper::seal::{Place, Purpose, Vault, VaultError};
use crate::keeper::store::{apps, audit_chain, channels, factors, restored, secrets, tokens};
use crate::storage::{ConnectionId, TenantId};

/// Rows read at a time.
const BATCH: i64 = 500;
/// Of what does not open, so many are named.
const NAMED: usize = 50;

/// Counts, and the connections that were set aside.
pub(super) async fn everything(
    tx: &mut PgConnection,
    vault: &Vault,
    now: OffsetDateTime,
) -> Result<Value, RestoreError> {
    let shut = refresh_tokens(tx, vault).await?;
    for (tenant_id, id) in &shut.ids {
        restored::quarantine(&mut *tx, *tenant_id, *id, now).await?;
    }
    let access = access_tokens(tx, vault).await?;
    for (tenant_id, id, resource) in &access.ids {
        restored::fail_token(&mut *tx, *tenant_id, *id, resource).await?;
    }
    let credentials = credentials(tx, vault).await?;
    let seeds = seeds(tx, vault).await?;
    let channels = channel_secrets(tx, vault).await?;
    let audit_keys = audit_keys(tx, vault).await?;
    let named: Vec<String> = shut
        .ids
        .iter()
        .take(NAMED)
        .map(|(tenant, _)| tenant.to_string())
        .collect();
    Ok(json!({
        "refresh_tokens_open": shut.open,
        "quarantined": shut.ids.len(),
        "quarantined_tenants": named,
        "access_tokens_open": access.open,
        "access_tokens_shut": access.ids.len(),
        "credentials_open": credentials.open,
        "credentials_shut": credentials.ids,
        "authenticator_apps_open": seeds.open,
        "authenticator_apps_shut": seeds.ids,
        "alert_channels_open": channels.open,
        "alert_channels_shut": channels.ids,
        "audit_keys_open": audit_keys.open,
        "audit_keys_shut": audit_keys.ids,
    }))
}

/// How many opened, and which did not.
struct Tried<T> {
    open: u64,
    ids: Vec<T>,
}

impl<T> Tried<T> {
    const fn new() -> Self {
        Self {
            open: 0,
            ids: Vec::new(),
        }
    }

    fn note(&mut self, opens: bool, id: impl FnOnce() -> T) {
        if opens {
            self.open += 1;
        } else {
            self.ids.push(id());
        }
    }
}

async fn refresh_tokens(
    tx: &mut PgConnection,
    vault: &Vault,
) -> Result<Tried<(TenantId, ConnectionId)>, RestoreError> {
    let mut tried = Tried::new();
    let mut after = uuid::Uuid::nil();
    loop {
        let rows = restored::secrets_after(&mut *tx, after, BATCH).await?;
        let Some(last) = rows.last() else {
            return Ok(tried);
        };
        after = last.connection_id.as_uuid();
        for row in rows {
            let row_id = row.connection_id.to_string();
            let place = secrets::place(row.tenant_id, &row_id, row.version);
            let opens = opens(vault, Purpose::Connection, &place, &row.ct).await?;
            tried.note(opens, || (row.tenant_id, row.connection_id));
        }
    }
}

async fn access_tokens(
    tx: &mut PgConnection,
    vault: &Vault,
) -> Result<Tried<(TenantId, ConnectionId, Arc<str>)>, RestoreError> {
    let mut tried = Tried::new();
    let mut after = String::new();
    loop {
        let rows = restored::tokens_after(&mut *tx, &after, BATCH).await?;
        let Some(last) = rows.last() else {
            return Ok(tried);
        };
        after.clone_from(&last.row_id);
        for row in rows {
            let place = tokens::place(row.tenant_id, &row.row_id, row.acquired_at);
            let opens = opens(vault, Purpose::AccessToken, &place, &row.ct).await?;
            tried.note(opens, || {
                (row.tenant_id, row.connection_id, row.resource.into())
            });
        }
    }
}

/// Few; the ids of those that stay shut are told.
async fn credentials(tx: &mut PgConnection, vault: &Vault) -> Result<Tried<String>, RestoreError> {
    let mut tried = Tried::new();
    for row in restored::credentials(&mut *tx).await? {
        let row_id = row.id.to_string();
        let place = apps::place(row.tenant_id, &row_id);
        let opens = opens(vault, Purpose::App, &place, &row.ct).await?;
        tried.note(opens, || row_id.clone());
    }
    Ok(tried)
}

/// Of authenticator apps. Whose stays shut uses another factor, or has theirs reset.
async fn seeds(tx: &mut PgConnection, vault: &Vault) -> Result<Tried<String>, RestoreError> {
    let mut tried = Tried::new();
    for seed in factors::seeds(&mut *tx).await? {
        let row_id = factors::row_id(seed.technician_id, seed.id);
        let place = factors::place(&row_id);
        let opens = opens(vault, Purpose::Factor, &place, &seed.seed_ct).await?;
        tried.note(opens, || row_id.clone());
    }
    Ok(tried)
}

/// Of channels of alerts. What stays shut is typed or made anew on the page Alerts.
async fn channel_secrets(
    tx: &mut PgConnection,
    vault: &Vault,
) -> Result<Tried<String>, RestoreError> {
    let mut tried = Tried::new();
    for secret in channels::all(&mut *tx).await? {
        let row_id = channels::row_id(secret.channel_id, secret.id);
        let place = channels::place(&row_id);
        let opens = opens(vault, Purpose::Channel, &place, &secret.ct).await?;
        tried.note(opens, || row_id.clone());
    }
    Ok(tried)
}

/// With which the audit log is sealed; none before the first entry was.
async fn audit_keys(tx: &mut PgConnection, vault: &Vault) -> Result<Tried<String>, RestoreError> {
    let mut tried = Tried::new();
    if let Some(keys) = audit_chain::keys(&mut *tx).await? {
        let row_id = keys.id.to_string();
        for (column, sealed) in [("mac_ct", &keys.mac_ct), ("signing_ct", &keys.signing_ct)] {
            let place = audit::place(column, &row_id);
            let opens = opens(vault, Purpose::Audit, &place, sealed).await?;
            tried.note(opens, || format!("{row_id}/{column}"));
        }
    }
    Ok(tried)
}

async fn opens(
    vault: &Vault,
    purpose: Purpose,
    place: &Place<'_>,
    sealed: &[u8],
) -> Result<bool, VaultError> {
    match vault.open(purpose, place, sealed).await {
        Ok(_) => Ok(true),
        Err(VaultError::Shut(why)) => {
            tracing::error!(%why, table = place.table, row = place.row_id, "a restored value does not open");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
