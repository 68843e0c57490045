//! What only rehearsals may do (feature `faults`): put a whole fleet of connections into the store without onboarding
//! each one. Never part of a release build.

mod cells;
mod cost;
mod store;

pub use super::fault::{Point, Strike, arm, disarm};
pub use cells::{Cell, Opener, cells};
pub use cost::{ClaimCost, claim_cost};

use secrecy::SecretString;
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use super::app::{self, AppSeed, SeedError};
use super::refresh::seal_grant;
use super::resource::Resource;
use super::seal::{Keyring, Purpose, Rotation, Vault, VaultError};
use super::store::apps;
use crate::clock::{Clock, ordered_uuid};
use crate::entra::Cloud;
use crate::storage::{ConnectionId, TenantId};

/// Connections stored at a time.
const BATCH: usize = 500;

/// A grant that somebody gave at the simulated Microsoft.
pub struct Given {
    /// `[a-z0-9-]`, at most 32 characters.
    pub short_name: String,
    pub entra_tenant_id: Uuid,
    pub admin_oid: Uuid,
    pub admin_username: String,
    pub refresh_token: SecretString,
}

/// What the planted connections have in common.
pub struct Fleet {
    pub app: AppSeed,
    /// Obtained by device code, refreshed without a credential.
    pub public_class: bool,
    /// All required.
    pub resources: Vec<Resource>,
    pub obtained_at: OffsetDateTime,
    /// When the refreshes are due, the first and the last; the others in between.
    pub due: (OffsetDateTime, OffsetDateTime),
}

/// A connection in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Planted {
    pub tenant_id: Uuid,
    pub connection_id: Uuid,
}

/// Why the fleet was not planted.
#[derive(Debug, thiserror::Error)]
pub enum PlantError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Seed(#[from] SeedError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("the app registration was not stored")]
    NoApp,
}

/// Plant a connection for each grant. `pool` must be allowed everything, `keys` must be those of the keepers.
pub async fn plant(
    pool: &PgPool,
    keys: Keyring,
    clock: &Clock,
    fleet: &Fleet,
    given: Vec<Given>,
) -> Result<Vec<Planted>, PlantError> {
    let vault = Vault::new(pool.clone(), keys, clock.clone(), Rotation::default());
    let cloud = Cloud::Global;
    app::seed(pool, &vault, clock, cloud, &fleet.app).await?;
    let registration = apps::find_msp(pool, cloud.as_str()).await?;
    let registration = registration.ok_or(PlantError::NoApp)?.id;
    let (total, span) = (given.len(), fleet.due.1 - fleet.due.0);
    let mut planted = Vec::new();
    for batch in given.chunks(BATCH) {
        let tenants: Vec<TenantId> = batch.iter().map(|_| TenantId::new()).collect();
        let ids: Vec<Uuid> = tenants.iter().map(|tenant| tenant.as_uuid()).collect();
        vault
            .prepare(&ids, &[Purpose::Connection, Purpose::AccessToken])
            .await?;
        let mut rows = Vec::new();
        for (tenant_id, given) in tenants.into_iter().zip(batch) {
            let id = ConnectionId::from(ordered_uuid());
            let token = &given.refresh_token;
            let place = u32::try_from(planted.len() + rows.len()).unwrap_or(u32::MAX);
            let part = f64::from(place) / f64::from(u32::try_from(total).unwrap_or(u32::MAX));
            rows.push(store::Row {
                tenant_id,
                id,
                given,
                secret: seal_grant(&vault, tenant_id, id, 1, token, fleet.obtained_at).await?,
                due_at: fleet.due.0 + span * part,
            });
        }
        store::insert(pool, fleet, registration, &rows).await?;
        planted.extend(rows.iter().map(|row| Planted {
            tenant_id: row.tenant_id.as_uuid(),
            connection_id: row.id.as_uuid(),
        }));
    }
    Ok(planted)
}
