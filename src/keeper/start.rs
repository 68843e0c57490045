//! Start and stop: everything is proven before the first question is taken, and what was sent to Microsoft is stored
//! before the last task ends.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use url::Url;

use super::app::{self, AppSeed, SeedError};
use super::client::Client;
use super::core::Core;
use super::gate::Gate;
use super::incident::{self, MassGuard};
use super::refresh;
use super::seal::{BootError, Keyring, Vault};
use super::settings::Settings;
use super::store::records;
use super::{app_only, audit, facts, onboarding, plug, serve, sweep};
use crate::clock::Clock;
use crate::entra::{Cloud, Endpoints, Entra, SetupError};
use crate::storage::{PoolKind, UrlError, connect_options};

/// Sent refreshes wait for reply and commit so long at most.
const FAREWELL: Duration = Duration::from_secs(25);

/// What a keeper needs to start.
pub struct Setup {
    /// As role `portal_keeper`.
    pub database_url: SecretString,
    pub master_key: Keyring,
    pub endpoints: Endpoints,
    /// The portal's `base_url`; Microsoft sends browsers back to `{base_url}/onboarding/return`.
    pub redirect_base: Url,
    /// The app registration of the settings, if they name one.
    pub app_seed: Option<AppSeed>,
    pub clock: Clock,
    pub settings: Settings,
}

/// Why a keeper did not start. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the keeper's database address: {0}")]
    Url(#[from] UrlError),
    #[error(transparent)]
    Boot(#[from] BootError),
    #[error("Microsoft's addresses: {0}")]
    Entra(#[from] SetupError),
    #[error(transparent)]
    Seed(#[from] SeedError),
    #[error("base_url cannot carry a path: {0}")]
    BaseUrl(Url),
}

/// A keeper at work. Dropping it stops the claiming of new work; [`Running::shutdown`] also waits.
pub struct Running {
    client: Client,
    tasks: TaskTracker,
    pool: PgPool,
    stop: DropGuard,
}

/// Start a keeper: prove the master key, seed the app registration, begin to work.
pub async fn start(setup: Setup) -> Result<Running, StartError> {
    let options = connect_options(&setup.database_url, PoolKind::Keeper)?.options([
        ("synchronous_commit", "on"),
        // The same few statements all day: planned once.
        ("plan_cache_mode", "force_generic_plan"),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(setup.settings.pool_size)
        .acquire_timeout(Duration::from_secs(10))
        .connect_lazy_with(options);
    let clock = setup.clock;
    let rotation = setup.settings.rotation;
    let vault = Vault::new(pool.clone(), setup.master_key, clock.clone(), rotation);
    vault.prove().await?;
    if let Err(error) = records::ensure_partitions(&pool, clock.now()).await {
        // The default partition takes what no month covers.
        tracing::warn!(%error, "the months' partitions of msal_errors cannot be made");
    }
    let cloud = Cloud::of(&setup.endpoints);
    if let Some(seed) = &setup.app_seed {
        app::seed(&pool, &vault, &clock, cloud, seed).await?;
    }
    let redirect_uri = redirect_uri(&setup.redirect_base)?;
    let (committer, committing) = refresh::Committer::new(pool.clone(), &setup.settings);
    let (gate, turns) = Gate::new(&setup.settings);
    let core = Arc::new(Core {
        entra: Entra::new(setup.endpoints.clone(), clock.clone())?,
        endpoints: setup.endpoints,
        redirect_uri,
        gate,
        guard: MassGuard::new(&setup.settings),
        running: refresh::Running::default(),
        committer,
        domains: onboarding::DomainCache::default(),
        app: app::AppCache::new(clock.clone(), cloud),
        trials_changed: tokio::sync::Notify::new(),
        plugs_changed: tokio::sync::Notify::new(),
        looks_wanted: tokio::sync::Notify::new(),
        flows_changed: tokio::sync::Notify::new(),
        stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
        settings: setup.settings,
        pool: pool.clone(),
        vault,
        clock,
    });
    let (client, questions) = Client::channel(core.settings.questions);
    if let Err(error) = incident::recall(&core).await {
        tracing::warn!(%error, "what the breakers were before is not known");
    }
    if let Err(error) = audit::prepare(&core).await {
        tracing::error!(%error, "the audit log cannot be sealed");
    }
    core.tasks.spawn(audit::work(Arc::clone(&core)));
    core.tasks.spawn(incident::watch(Arc::clone(&core), turns));
    core.tasks.spawn(committing);
    core.tasks.spawn(serve::serve(Arc::clone(&core), questions));
    core.tasks.spawn(refresh::work(Arc::clone(&core)));
    core.tasks.spawn(app::work(Arc::clone(&core)));
    core.tasks.spawn(onboarding::work(Arc::clone(&core)));
    core.tasks.spawn(onboarding::sweep(Arc::clone(&core)));
    core.tasks.spawn(sweep::work(Arc::clone(&core)));
    core.tasks.spawn(app_only::work(Arc::clone(&core)));
    core.tasks.spawn(plug::work(Arc::clone(&core)));
    core.tasks.spawn(facts::work(Arc::clone(&core)));
    Ok(Running {
        client,
        tasks: core.tasks.clone(),
        pool,
        stop: core.stop.clone().drop_guard(),
    })
}

impl Running {
    /// The line to it.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Take no more work, wait until what was sent is stored, and close the database connections.
    pub async fn shutdown(self) {
        drop(self.stop);
        self.tasks.close();
        if tokio::time::timeout(FAREWELL, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                "the keeper stops with work under way; its leases end within two minutes"
            );
        }
        self.pool.close().await;
    }
}

fn redirect_uri(base: &Url) -> Result<Url, StartError> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| StartError::BaseUrl(base.clone()))?
        .pop_if_empty()
        .extend(["onboarding", "return"]);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microsoft_sends_browsers_back_below_the_base_url() {
        for (base, expected) in [
            (
                "http://localhost:8080",
                "http://localhost:8080/onboarding/return",
            ),
            (
                "https://msp.example/t/",
                "https://msp.example/t/onboarding/return",
            ),
        ] {
            let url = redirect_uri(&Url::parse(base).unwrap()).unwrap();
            assert_eq!(url.as_str(), expected);
        }
    }
}
