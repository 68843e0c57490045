//! `tenantry serve`: portal and keeper in production.

use anyhow::Context;

use super::Global;
use crate::clock::Clock;
use crate::config::Config;
use crate::entra::Endpoints;
use crate::keeper::{self, AppSeed, SeedCredential};
use crate::server::{self, Listeners, Parts, Server};
use crate::storage::{self, Expect, InstanceLock, PoolKind, Storage};

/// Takes nothing but the settings.
#[derive(Debug, clap::Args)]
pub struct Args {}

impl Args {
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let config = global.load()?;
        config.check_for_serving()?;
        std::fs::create_dir_all(&config.data_dir).with_context(|| {
            format!(
                "{} of setting `data_dir` cannot be made",
                config.data_dir.display()
            )
        })?;
        let _lock = InstanceLock::take(&config.data_dir)?;
        let listeners = Listeners::bind(&config).await?;
        let storage = Storage::open(&config).await?;
        let served = serve(&config, &storage, listeners).await;
        storage.close().await;
        served
    }
}

async fn serve(config: &Config, storage: &Storage, listeners: Listeners) -> anyhow::Result<()> {
    for (url, kind, role) in [
        (&storage.urls().web, PoolKind::Web, "portal_web"),
        (&storage.urls().keeper, PoolKind::Keeper, "portal_keeper"),
    ] {
        let pool = storage::pool(url, kind)?;
        storage::boot_check(
            &pool,
            Expect {
                role,
                volatile: false,
            },
        )
        .await?;
        pool.close().await;
    }
    let keeper = keeper::start(keeper_setup(config, storage).await?)
        .await
        .context("the keeper did not start")?;
    let parts = Parts {
        config,
        base_url: config.base_url.clone(),
        app_name: &config.msp.name,
        urls: storage.urls(),
        clock: Clock::system(),
        keeper,
    };
    let server = Server::start(parts, listeners)?;
    tracing::info!("serving {} on {}", config.base_url, config.listen);
    server::asked_to_stop().await;
    server.shutdown().await;
    Ok(())
}

async fn keeper_setup(config: &Config, storage: &Storage) -> anyhow::Result<keeper::Setup> {
    Ok(keeper::Setup {
        database_url: storage.urls().keeper.clone(),
        master_key: super::keys::keyring(config).await?,
        endpoints: endpoints(config)?,
        redirect_base: config.base_url.clone(),
        app_seed: app_seed(config)?,
        clock: Clock::system(),
        settings: keeper::Settings::default(),
    })
}

/// The app registration that the settings name; none when the database is to be believed.
fn app_seed(config: &Config) -> anyhow::Result<Option<AppSeed>> {
    let Some(client_id) = config.entra.client_id else {
        return Ok(None);
    };
    let credential = match (
        &config.entra.certificate_file,
        &config.entra.client_secret_file,
    ) {
        (Some(certificate), _) => Some(SeedCredential::Certificate(certificate.read()?)),
        (None, Some(secret)) => Some(SeedCredential::Secret(secret.read()?)),
        (None, None) => None,
    };
    Ok(Some(AppSeed {
        client_id,
        display_name: config.msp.name.clone(),
        credential,
    }))
}

/// Where Microsoft is, by the settings.
pub(super) fn endpoints(config: &Config) -> anyhow::Result<Endpoints> {
    let ca = config.entra.ca_file.as_ref().map(|path| {
        std::fs::read(path).with_context(|| {
            format!(
                "{} of setting `entra.ca_file` cannot be read",
                path.display()
            )
        })
    });
    Ok(Endpoints {
        authority: config.entra.authority.clone(),
        graph: config.entra.graph_url.clone(),
        extra_root_ca_pem: ca.transpose()?,
        verification_hosts: config.entra.verification_hosts.clone(),
    })
}
