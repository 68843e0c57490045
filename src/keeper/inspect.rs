//! For judging from outside whether a token was lost: the hash of every refresh token that the store can open. Needs the
//! master key; gives no token away.

use aws_lc_rs::digest::{SHA256, digest};
use sqlx::PgPool;
use uuid::Uuid;

use super::seal::{Keyring, Purpose, Rotation, Vault};
use super::store::{connections, secrets};
use crate::clock::Clock;

/// A connection with what opens of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    pub tenant_id: Uuid,
    pub connection_id: Uuid,
    pub state: String,
    /// SHA-256 of the refresh token, hex; `None` when it does not open.
    pub current_sha256: Option<String>,
    /// The same of the token before, while it is kept.
    pub previous_sha256: Option<String>,
}

/// Open every connection's tokens and hash them.
pub async fn refresh_tokens(pool: &PgPool, keys: Keyring) -> sqlx::Result<Vec<Inspected>> {
    let vault = Vault::new(pool.clone(), keys, Clock::system(), Rotation::default());
    let mut inspected = Vec::new();
    for (tenant_id, id, state) in connections::with_secrets(pool).await? {
        let Some(sealed) = secrets::load(pool, tenant_id, id).await? else {
            continue;
        };
        let row_id = id.to_string();
        let hash = async |version: i64, ct: &[u8]| {
            let place = secrets::place(tenant_id, &row_id, version);
            let opened = vault.open(Purpose::Connection, &place, ct).await.ok()?;
            Some(hex::encode(digest(&SHA256, &opened)))
        };
        inspected.push(Inspected {
            tenant_id: tenant_id.as_uuid(),
            connection_id: id.as_uuid(),
            state,
            current_sha256: hash(sealed.version, &sealed.ct_current).await,
            previous_sha256: match (&sealed.ct_previous, sealed.previous_version) {
                (Some(ct), Some(version)) => hash(version, ct).await,
                _ => None,
            },
        });
    }
    Ok(inspected)
}
