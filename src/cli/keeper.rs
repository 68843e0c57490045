//! `tenantry keeper`: the keeper alone, for a portal that runs apart (`tenantry web`) on the same host.

use tokio_util::sync::CancellationToken;

use super::Global;
use crate::process::{self, Parent};
use crate::{server, telemetry};

/// Takes nothing but the settings.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Take the setup from standard input and stop when it closes; how `serve` and `demo` start their keeper
    #[arg(long, hide = true)]
    supervised: bool,
}

impl Args {
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        process::harden()?;
        let stop = CancellationToken::new();
        let asked = stop.clone();
        tokio::spawn(async move {
            server::asked_to_stop().await;
            asked.cancel();
        });
        if self.supervised {
            let setup = process::receive(stop.clone()).await?;
            let config = setup.config()?;
            telemetry::init(&config.log);
            return process::run(&config, setup.lead(), Parent::Supervisor, stop).await;
        }
        let config = global.load()?;
        config.check_for_keeper()?;
        process::run(&config, None, Parent::Nobody, stop).await
    }
}
