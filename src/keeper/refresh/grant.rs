//! A refresh token in hand: opened from its row, or new and on its way into it.

use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;

use crate::entra::Tokens;
use crate::keeper::seal::{Purpose, Vault, VaultError};
use crate::keeper::store::secrets::{self, NewSecret, Sealed};
use crate::storage::{ConnectionId, TenantId};

/// The tokens of a connection, opened.
pub(super) struct Grant {
    pub version: i64,
    pub current: SecretString,
    /// The token before, until the current one has worked.
    pub previous: Option<SecretString>,
}

impl Grant {
    /// As the row stands after this grant brought `tokens` and they were stored upon its version.
    pub fn next(self, tokens: &Tokens) -> Self {
        match &tokens.refresh_token {
            Some(new) => Self {
                version: self.version + 1,
                current: new.clone(),
                previous: Some(self.current),
            },
            None => Self {
                previous: None,
                ..self
            },
        }
    }
}

/// Open a connection's row.
pub(super) async fn open(
    vault: &Vault,
    tenant_id: TenantId,
    id: ConnectionId,
    sealed: &Sealed,
) -> Result<Grant, VaultError> {
    let row_id = id.to_string();
    let open = async |version, ct: &[u8]| {
        let place = secrets::place(tenant_id, &row_id, version);
        vault.open_text(Purpose::Connection, &place, ct).await
    };
    let current = open(sealed.version, &sealed.ct_current).await?;
    let previous = match (&sealed.ct_previous, sealed.previous_version) {
        // Only a help: its loss is no reason to set the current one aside.
        (Some(ct), Some(version)) => open(version, ct).await.ok(),
        _ => None,
    };
    Ok(Grant {
        version: sealed.version,
        current,
        previous,
    })
}

/// Seal a refresh token for `version` of the row.
pub(in crate::keeper) async fn seal(
    vault: &Vault,
    tenant_id: TenantId,
    id: ConnectionId,
    version: i64,
    token: &SecretString,
    obtained_at: OffsetDateTime,
) -> Result<NewSecret, VaultError> {
    let row_id = id.to_string();
    let place = secrets::place(tenant_id, &row_id, version);
    let plain = token.expose_secret().as_bytes();
    Ok(NewSecret {
        version,
        ct: vault.seal(Purpose::Connection, &place, plain).await?,
        fingerprint: vault
            .fingerprint(Some(tenant_id.as_uuid()), Purpose::Connection, plain)
            .await?,
        obtained_at,
    })
}

/// Does the row hold this very token?
pub(super) async fn holds(
    vault: &Vault,
    row: &Sealed,
    token: &SecretString,
) -> Result<bool, VaultError> {
    let plain = token.expose_secret().as_bytes();
    vault.is_fingerprint_of(&row.fingerprint, plain).await
}
