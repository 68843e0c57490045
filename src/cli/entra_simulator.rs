//! `tenantry entra-simulator`: the pretend Microsoft alone.

use super::Global;
use crate::simulator::command;

/// What the simulator takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    simulator: command::Args,
}

impl Args {
    pub async fn run(self, _global: &Global) -> anyhow::Result<()> {
        command::run(self.simulator).await
    }
}
