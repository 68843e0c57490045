//! Records leave data keys that seal no more, each while it is as it was read; a key that nothing names is destroyed.

use serde_json::json;
use time::Duration;

use crate::keeper::audit as audit_keys;
use crate::keeper::core::Core;
use crate::keeper::message::Actor;
use crate::keeper::seal::{Opened, Place, Purpose, Vault, VaultError};
use crate::keeper::store::keys::StoredKey;
use crate::keeper::store::reseal::{self, Secret};
use crate::keeper::store::{apps, audit, channels, factors, secrets, tenants, tokens};
use crate::storage::TenantId;

/// Another keeper may seal with uses that it reserved until the key's age is over, and store the record a little later.
const SPARE: Duration = Duration::days(1);
/// Keys looked at in one turn.
const BATCH: i64 = 100;

pub(super) async fn turn(core: &Core) -> Result<(), VaultError> {
    let made_before = core.clock.now() - core.settings.rotation.age - SPARE;
    for key in reseal::old_keys(&core.pool, made_before, BATCH).await? {
        match move_all(core, &key).await {
            Ok(()) => destroy_if_unnamed(core, &key).await?,
            // One record that does not open must not hold up the others; its key stays for it.
            Err(VaultError::Shut(why)) => {
                tracing::error!(%why, data_key.id = %key.id, "a record of an old data key does not open");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Seal anew whatever the key seals, but for sign-ins.
pub(in crate::keeper) async fn move_all(core: &Core, key: &StoredKey) -> Result<(), VaultError> {
    match (key.purpose.as_str(), key.tenant_id) {
        ("connection", Some(tenant)) => move_secrets(core, tenant.into(), key).await,
        ("access_token", Some(tenant)) => move_tokens(core, tenant.into(), key).await,
        ("invitation", Some(tenant)) => move_links(core, tenant.into(), key).await,
        ("app", _) => move_credentials(core, key).await,
        ("audit", _) => audit_keys::move_to_new_key(&core.pool, &core.vault).await,
        ("factor", None) => move_seeds(core, key).await,
        ("channel", None) => move_channels(core, key).await,
        // A sign-in's secrets end by themselves within the hour.
        _ => Ok(()),
    }
}

async fn move_secrets(core: &Core, tenant: TenantId, key: &StoredKey) -> Result<(), VaultError> {
    let purpose = Purpose::Connection;
    for old in reseal::secrets(&core.pool, tenant.as_uuid(), key.id).await? {
        let row_id = old.connection_id.to_string();
        let current = secrets::place(tenant, &row_id, old.version);
        let (ct_current, opened) = anew(&core.vault, purpose, &current, &old.ct_current).await?;
        let ct_previous = match (&old.ct_previous, old.previous_version) {
            (Some(ct), Some(version)) => {
                let place = secrets::place(tenant, &row_id, version);
                Some(anew(&core.vault, purpose, &place, ct).await?.0)
            }
            _ => None,
        };
        let owner = Some(tenant.as_uuid());
        let new = Secret {
            ct_current,
            ct_previous,
            fingerprint: core.vault.fingerprint(owner, purpose, &opened).await?,
            connection_id: old.connection_id,
            version: old.version,
            previous_version: old.previous_version,
        };
        reseal::replace_secret(&core.pool, tenant.as_uuid(), &old, &new).await?;
    }
    Ok(())
}

async fn move_tokens(core: &Core, tenant: TenantId, key: &StoredKey) -> Result<(), VaultError> {
    for old in reseal::tokens(&core.pool, tenant.as_uuid(), key.id).await? {
        let row_id = format!("{}/{}", old.connection_id, old.resource);
        let place = tokens::place(tenant, &row_id, old.acquired_at);
        let (ct, _) = anew(&core.vault, Purpose::AccessToken, &place, &old.ct).await?;
        reseal::replace_token(&core.pool, tenant.as_uuid(), &old, &ct).await?;
    }
    Ok(())
}

async fn move_links(core: &Core, tenant: TenantId, key: &StoredKey) -> Result<(), VaultError> {
    for old in reseal::links(&core.pool, tenant.as_uuid(), key.id).await? {
        let row_id = old.id.to_string();
        let place = tenants::link_place(tenant, &row_id);
        let (ct, _) = anew(&core.vault, Purpose::Invitation, &place, &old.ct).await?;
        reseal::replace_link(&core.pool, tenant.as_uuid(), &old, &ct).await?;
    }
    Ok(())
}

async fn move_credentials(core: &Core, key: &StoredKey) -> Result<(), VaultError> {
    let purpose = Purpose::App;
    for old in reseal::credentials(&core.pool, key.id).await? {
        let row_id = old.id.to_string();
        let place = apps::place(key.tenant_id, &row_id);
        let (ct, opened) = anew(&core.vault, purpose, &place, &old.ct).await?;
        let fingerprint = core
            .vault
            .fingerprint(key.tenant_id, purpose, &opened)
            .await?;
        reseal::replace_credential(&core.pool, &old, &ct, &fingerprint).await?;
    }
    Ok(())
}

async fn move_seeds(core: &Core, key: &StoredKey) -> Result<(), VaultError> {
    for old in reseal::seeds(&core.pool, key.id).await? {
        let row_id = factors::row_id(old.technician_id, old.id);
        let place = factors::place(&row_id);
        let (ct, _) = anew(&core.vault, Purpose::Factor, &place, &old.ct).await?;
        reseal::replace_seed(&core.pool, &old, &ct).await?;
    }
    Ok(())
}

async fn move_channels(core: &Core, key: &StoredKey) -> Result<(), VaultError> {
    for old in channels::sealed_by(&core.pool, key.id).await? {
        let row_id = channels::row_id(old.channel_id, old.id);
        let place = channels::place(&row_id);
        let (ct, _) = anew(&core.vault, Purpose::Channel, &place, &old.ct).await?;
        channels::replace(&core.pool, &old, &ct).await?;
    }
    Ok(())
}

/// The same value at the same place, sealed with the owner's active key.
async fn anew(
    vault: &Vault,
    purpose: Purpose,
    place: &Place<'_>,
    ct: &[u8],
) -> Result<(Vec<u8>, Opened), VaultError> {
    let opened = vault.open(purpose, place, ct).await?;
    Ok((vault.seal(purpose, place, &opened).await?, opened))
}

async fn destroy_if_unnamed(core: &Core, key: &StoredKey) -> sqlx::Result<()> {
    if reseal::is_named(&core.pool, key).await? {
        return Ok(());
    }
    let mut tx = core.pool.begin().await?;
    if reseal::destroy(&mut tx, key.id).await? {
        let entry = audit::Entry {
            tenant_id: key.tenant_id.map(Into::into),
            actor: &Actor::keeper(),
            action: "keys.destroy",
            object_type: "data_key",
            object_id: key.id.to_string(),
            result: "done",
            details: json!({ "purpose": key.purpose, "why": "replaced" }),
        };
        audit::insert(&mut *tx, entry, core.clock.now()).await?;
    }
    tx.commit().await?;
    core.vault.forget_key(key.id);
    Ok(())
}
