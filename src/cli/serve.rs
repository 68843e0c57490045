//! `tenantry serve`: production. The portal's process, and below it the keeper's.

use std::path::PathBuf;

use anyhow::Context;

use super::Global;
use crate::clock::Clock;
use crate::config::Config;
use crate::keeper::Client;
use crate::outbound::guard::Guard;
use crate::process::{Setup, Supervisor};
use crate::server::{self, Listeners, Parts, Server};
use crate::storage::{self, Expect, InstanceLock, PoolKind, Storage, private_postgres};

/// Takes nothing but the settings.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Who runs the keeper.
pub(super) enum Keeper {
    /// We do, as a process below this one with the settings of this file.
    Ours { file: Option<PathBuf> },
    /// Somebody else, now or later.
    Apart,
}

impl Args {
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let config = global.load()?;
        config.check_for_serving()?;
        let file = global.config.clone();
        serve(&config.without_keepers_login(), Keeper::Ours { file }).await
    }
}

/// Run the portal until it is asked to stop.
pub(super) async fn serve(config: &Config, keeper: Keeper) -> anyhow::Result<()> {
    private_postgres::make_data_dir(&config.data_dir).with_context(|| {
        format!(
            "{} of setting `data_dir` cannot be made",
            config.data_dir.display()
        )
    })?;
    let _lock = InstanceLock::take(&config.data_dir)?;
    let listeners = Listeners::bind(config).await?;
    let storage = Storage::open(config).await?;
    let served = portal(config, &storage, listeners, keeper).await;
    storage.close().await;
    served
}

async fn portal(
    config: &Config,
    storage: &Storage,
    listeners: Listeners,
    keeper: Keeper,
) -> anyhow::Result<()> {
    let web_url = storage.web_url()?;
    let pool = storage::pool(&web_url, PoolKind::Web)?;
    let expect = Expect {
        role: "portal_web",
        volatile: false,
    };
    storage::boot_check(&pool, expect).await?;
    pool.close().await;
    let client = Client::socket(config.keeper_socket.clone());
    let supervisor = match keeper {
        Keeper::Ours { file } => {
            let setup = move || Setup::of_this_process(file.clone());
            Some(Supervisor::start(setup, client.clone()).await?)
        }
        Keeper::Apart => None,
    };
    let parts = Parts {
        config,
        base_url: config.base_url.clone(),
        app_name: &config.msp.name,
        web_url,
        listen_url: storage.listen_url()?,
        clock: Clock::system(),
        keeper: client,
        guard: Guard::default(),
    };
    let mut server = Server::start(parts, listeners)?;
    server.start_workers();
    tracing::info!("serving {} on {}", config.base_url, config.listen);
    server::asked_to_stop().await;
    server.shutdown(supervisor).await;
    Ok(())
}
