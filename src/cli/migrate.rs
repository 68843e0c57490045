//! `tenantry migrate`: the schema, by itself, so that a deployment decides when it changes.

use anyhow::Context;

use super::Global;
use crate::storage::Storage;

/// Takes nothing but the settings.
#[derive(Debug, clap::Args)]
pub struct Args {}

impl Args {
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let config = global.load()?;
        let storage = Storage::open(&config).await?;
        let migrated = storage.migrate().await;
        storage.close().await;
        let version = migrated.context("the database was not migrated")?;
        println!("The database is at migration {version}.");
        Ok(())
    }
}
