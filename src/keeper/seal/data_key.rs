//! A data key: 256 random bits for one tenant (or the installation) and one purpose, wrapped by a master key.

use uuid::Uuid;
use zeroize::Zeroizing;

use super::keyring::{Keyring, MasterKey};
use super::record;
use super::vault::Shut;
use crate::clock::{ordered_uuid, random_bytes};
use crate::keeper::store::keys::StoredKey;

/// What a data key is for; a record of one purpose never opens by a key of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Refresh tokens.
    Connection,
    /// Access tokens.
    AccessToken,
    /// Device codes, PKCE verifiers and nonces.
    Flow,
    /// Links of invitations.
    Invitation,
    /// Credentials of the MSP's app registration.
    App,
    /// Seeds of technicians' authenticator apps.
    Factor,
    /// The known text that proves a master key.
    Canary,
    /// Keys of the audit log's chain.
    Audit,
    /// Addresses and keys of the channels of alerts.
    Channel,
}

impl Purpose {
    /// As in `data_keys.purpose`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::AccessToken => "access_token",
            Self::Flow => "flow",
            Self::Invitation => "invitation",
            Self::App => "app",
            Self::Factor => "factor",
            Self::Canary => "canary",
            Self::Audit => "audit",
            Self::Channel => "channel",
        }
    }
}

/// An unwrapped data key. No `Debug`, no `Clone`.
pub(super) struct DataKey {
    pub(super) id: Uuid,
    pub(super) tenant_id: Option<Uuid>,
    pub(super) purpose: String,
    pub(super) bytes: Zeroizing<[u8; 32]>,
}

impl DataKey {
    /// A new key, and what the database keeps of it.
    pub(super) fn generate(
        tenant_id: Option<Uuid>,
        purpose: Purpose,
        master: &MasterKey,
    ) -> (Self, Vec<u8>) {
        let key = Self {
            id: ordered_uuid(),
            tenant_id,
            purpose: purpose.as_str().to_owned(),
            bytes: Zeroizing::new(random_bytes()),
        };
        let aad = record::wrap_aad(master.id(), key.id, tenant_id, &key.purpose);
        let wrapped = record::wrap(master.bytes(), &aad, &key.bytes);
        (key, wrapped)
    }

    /// Unwrap a stored key by the master key it names.
    pub(super) fn unwrap(stored: &StoredKey, keys: &Keyring) -> Result<Self, Shut> {
        if stored.state == "destroyed" {
            return Err(Shut::Destroyed);
        }
        let master = keys
            .find(&stored.kek_id)
            .ok_or_else(|| Shut::UnknownMaster(stored.kek_id.clone()))?;
        let aad = record::wrap_aad(master.id(), stored.id, stored.tenant_id, &stored.purpose);
        Ok(Self {
            id: stored.id,
            tenant_id: stored.tenant_id,
            purpose: stored.purpose.clone(),
            bytes: record::unwrap(master.bytes(), &aad, &stored.wrapped)
                .map_err(|_| Shut::Broken)?,
        })
    }

    /// May a record of this tenant and purpose name this key?
    pub(super) fn serves(&self, tenant_id: Option<Uuid>, purpose: Purpose) -> bool {
        self.tenant_id == tenant_id && self.purpose == purpose.as_str()
    }
}
