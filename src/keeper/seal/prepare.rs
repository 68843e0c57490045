//! Data keys of many tenants at once, so that a batch of refreshes costs two statements and not two for each tenant.

use std::collections::HashMap;

use uuid::Uuid;

use super::data_key::{DataKey, Purpose};
use super::vault::{Owner, Vault, VaultError, stored_key};
use crate::keeper::store::keys::{self, StoredKey};

impl Vault {
    /// Have the active keys of these tenants at hand, for each purpose; makes those that are missing. What it leaves out
    /// (a worn key, another keeper in between) is fetched one by one when it is needed.
    pub async fn prepare(&self, tenants: &[Uuid], purposes: &[Purpose]) -> Result<(), VaultError> {
        let missing = self.reserve_all(self.wanted(tenants, purposes)).await?;
        if missing.is_empty() {
            return Ok(());
        }
        let (masters, now) = (self.masters_for_new().await?, self.clock.now());
        let master = masters.primary();
        let made: Vec<StoredKey> = missing
            .iter()
            .map(|(tenant, purpose)| {
                let (key, wrapped) = DataKey::generate(*tenant, *purpose, master);
                stored_key(&key, wrapped, master.id(), now)
            })
            .collect();
        keys::insert_many(&self.pool, &made).await?;
        self.reserve_all(missing).await?;
        Ok(())
    }

    fn wanted(&self, tenants: &[Uuid], purposes: &[Purpose]) -> Vec<Owner> {
        tenants
            .iter()
            .flat_map(|tenant| purposes.iter().map(|purpose| (Some(*tenant), *purpose)))
            .filter(|owner| !self.is_ready(*owner))
            .collect()
    }

    /// Reserve uses for the owners; gives those that have no active key.
    async fn reserve_all(&self, owners: Vec<Owner>) -> Result<Vec<Owner>, VaultError> {
        if owners.is_empty() {
            return Ok(owners);
        }
        let tenants: Vec<Uuid> = owners.iter().filter_map(|(tenant, _)| *tenant).collect();
        let purposes: Vec<&str> = owners.iter().map(|(_, purpose)| purpose.as_str()).collect();
        let block = self.rotation.block;
        let mut found: HashMap<(Option<Uuid>, String), StoredKey> =
            keys::reserve_many(&self.pool, &tenants, &purposes, block)
                .await?
                .into_iter()
                .map(|key| ((key.tenant_id, key.purpose.clone()), key))
                .collect();
        let mut missing = Vec::new();
        for owner in owners {
            match found.remove(&(owner.0, owner.1.as_str().to_owned())) {
                Some(stored) if self.is_worn(&stored) => {}
                Some(stored) => {
                    self.hold(owner, &stored).await?;
                }
                None => missing.push(owner),
            }
        }
        Ok(missing)
    }
}
