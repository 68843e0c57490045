//! Fingerprints: an HMAC that tells whether two secrets are the same without keeping either. The key comes from the
//! owner's data key, so destroying that makes the fingerprint say nothing.

use aws_lc_rs::hmac;
use uuid::Uuid;

use super::data_key::{DataKey, Purpose};
use super::vault::{Vault, VaultError};

const LABEL: &[u8] = b"tenantry fingerprint v1";

impl Vault {
    /// `dk_id(16) | HMAC-SHA-256(32)` of a secret.
    pub async fn fingerprint(
        &self,
        tenant_id: Option<Uuid>,
        purpose: Purpose,
        secret: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let key = self.active_key(tenant_id, purpose).await?;
        let mut bytes = key.id.as_bytes().to_vec();
        bytes.extend(mac(&key, secret).as_ref());
        Ok(bytes)
    }

    /// Is `secret` the one that the fingerprint was made of? A fingerprint of unknown shape is of nothing.
    pub async fn is_fingerprint_of(
        &self,
        fingerprint: &[u8],
        secret: &[u8],
    ) -> Result<bool, VaultError> {
        let Some((id, tag)) = fingerprint.split_first_chunk::<16>() else {
            return Ok(false);
        };
        let key = self.key(Uuid::from_bytes(*id)).await?;
        Ok(hmac::verify(&mac_key(&key), secret, tag).is_ok())
    }
}

fn mac(key: &DataKey, secret: &[u8]) -> hmac::Tag {
    hmac::sign(&mac_key(key), secret)
}

/// A key of its own: the data key itself is the cipher's.
fn mac_key(key: &DataKey) -> hmac::Key {
    let base = hmac::Key::new(hmac::HMAC_SHA256, key.bytes.as_slice());
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&base, LABEL).as_ref())
}
