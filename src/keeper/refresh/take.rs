//! A claimed connection with everything that its run needs, read for a whole batch of claims at once.

use std::collections::HashMap;

use uuid::Uuid;

use crate::entra::Challenge;
use crate::keeper::core::Core;
use crate::keeper::seal::{Purpose, VaultError};
use crate::keeper::store::connections::{self, Connection};
use crate::keeper::store::schedule::Claim;
use crate::keeper::store::secrets::{self, Sealed};
use crate::keeper::store::tokens::{self, TokenRow};
use crate::storage::ConnectionId;

/// In this keeper's hands.
pub struct Taken {
    pub claim: Claim,
    /// None: it is gone.
    pub connection: Option<Connection>,
    /// None: erased, or app-only.
    pub sealed: Option<Sealed>,
    pub tokens: Vec<TokenRow>,
    /// What a resource asked for when it refused our access token.
    pub challenge: Option<Challenge>,
}

/// Read what the claims' runs need, in three statements, and have the data keys ready to seal with.
pub(super) async fn take(core: &Core, claims: Vec<Claim>) -> Result<Vec<Taken>, VaultError> {
    let tenants: Vec<Uuid> = claims
        .iter()
        .map(|claim| claim.tenant_id.as_uuid())
        .collect();
    let ids: Vec<Uuid> = claims
        .iter()
        .map(|claim| claim.connection_id.as_uuid())
        .collect();
    let purposes = [Purpose::Connection, Purpose::AccessToken];
    let (found, sealed, mut tokens, ()) = tokio::try_join!(
        async { Ok(connections::load_many(&core.pool, &tenants, &ids).await?) },
        async { Ok(secrets::load_many(&core.pool, &tenants, &ids).await?) },
        async { Ok(tokens::list_many(&core.pool, &tenants, &ids).await?) },
        core.vault.prepare(&tenants, &purposes),
    )?;
    let mut connections: HashMap<ConnectionId, Connection> =
        found.into_iter().map(|found| (found.id, found)).collect();
    let mut sealed: HashMap<ConnectionId, Sealed> = sealed.into_iter().collect();
    Ok(claims
        .into_iter()
        .map(|claim| {
            let id = claim.connection_id;
            Taken {
                claim,
                connection: connections.remove(&id),
                sealed: sealed.remove(&id),
                tokens: tokens.remove(&id).unwrap_or_default(),
                challenge: None,
            }
        })
        .collect())
}
