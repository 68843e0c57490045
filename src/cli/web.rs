//! `tenantry web`: the portal alone; the keeper runs apart (`tenantry keeper`) on the same host.

use super::Global;
use super::serve::{Keeper, serve};

/// Takes nothing but the settings.
#[derive(Debug, clap::Args)]
pub struct Args {}

impl Args {
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let config = global.load()?.without_keepers_login();
        config.check_for_portal()?;
        serve(&config, Keeper::Apart).await
    }
}
