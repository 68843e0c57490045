//! The keeper's process from start to end: database, key, socket, then questions until it is told to stop.

use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use super::master_keys::keyring;
use super::setup::Lead;
use crate::clock::Clock;
use crate::config::Config;
use crate::entra::Endpoints;
use crate::keeper::socket::{self, Access, Listener};
use crate::keeper::{self, AppSeed, Keyring, SeedCredential};
use crate::storage::{self, Expect, PoolKind, Storage, private_postgres};

/// A keeper that lost its parent may still finish what it sent; its successor waits for the socket so long.
pub const TAKEOVER: Duration = Duration::from_secs(40);
/// Somebody who starts a second keeper by hand is told soon.
const SECOND: Duration = Duration::from_secs(2);

/// Who started this keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// `serve` or `demo`, which waits for the word `ready` and has brought the private Postgres up to date.
    Supervisor,
    /// A person, or the system's service manager.
    Nobody,
}

/// Run until `stop`.
pub async fn run(
    config: &Config,
    lead: Option<&Lead>,
    parent: Parent,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    // Said before anything is opened: a key that cannot be read stops the start.
    let master_key = keyring(config).await?;
    private_postgres::make_data_dir(&config.data_dir).with_context(|| {
        format!(
            "{} of setting `data_dir` cannot be made",
            config.data_dir.display()
        )
    })?;
    let takeover = match parent {
        Parent::Supervisor => TAKEOVER,
        Parent::Nobody => SECOND,
    };
    let listener = Listener::bind(&config.keeper_socket, takeover).await?;
    let storage = match parent {
        Parent::Supervisor => Storage::join(config).await?,
        Parent::Nobody => Storage::open(config).await?,
    };
    let done = keep(config, &storage, lead, master_key, listener, stop).await;
    storage.close().await;
    done
}

async fn keep(
    config: &Config,
    storage: &Storage,
    lead: Option<&Lead>,
    master_key: Keyring,
    listener: Listener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let database_url = storage.keeper_url()?;
    check_database(&database_url).await?;
    let clock = Clock::system();
    clock.set_offset_ms(lead.map_or(0, |lead| lead.clock_offset_ms));
    let keeper = keeper::start(keeper::Setup {
        database_url,
        master_key,
        endpoints: match lead {
            Some(lead) => simulated(lead)?,
            None => endpoints(config)?,
        },
        redirect_base: config.base_url.clone(),
        app_seed: app_seed(config)?,
        clock,
        settings: settings(config, lead),
    })
    .await
    .context("the keeper did not start")?;
    let access = Access {
        users: config.keeper_clients.clone(),
    };
    let path = config.keeper_socket.display();
    tracing::info!("the keeper answers at {path}");
    say_ready();
    let lock = socket::serve(listener, keeper.client(), access, stop).await;
    keeper.shutdown().await;
    drop(lock);
    tracing::info!("the keeper has stopped");
    Ok(())
}

async fn check_database(url: &secrecy::SecretString) -> anyhow::Result<()> {
    let pool = storage::pool(url, PoolKind::Keeper)?;
    let expect = Expect {
        role: "portal_keeper",
        volatile: false,
    };
    storage::boot_check(&pool, expect).await?;
    pool.close().await;
    Ok(())
}

/// For the supervisor; nobody else reads it, and a parent that is gone does not either.
fn say_ready() {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "ready");
    let _ = out.flush();
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

fn settings(config: &Config, lead: Option<&Lead>) -> keeper::Settings {
    let defaults = keeper::Settings {
        hold_every_grant: config.invitations.hold,
        audit_keep_days: config.audit.keep_days,
        audit_checkpoint_file: config.audit.checkpoint_file.clone(),
        ..keeper::Settings::default()
    };
    match lead {
        None => defaults,
        // The simulator has no fleet to protect; the history of many days is lived through in seconds.
        Some(_) => keeper::Settings {
            requests_per_second: 2000,
            movable_clock: true,
            ..defaults
        },
    }
}

/// Where Microsoft is, by the settings.
pub fn endpoints(config: &Config) -> anyhow::Result<Endpoints> {
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

fn simulated(lead: &Lead) -> anyhow::Result<Endpoints> {
    let host = lead.microsoft.host_str().unwrap_or_default().to_owned();
    Ok(Endpoints {
        authority: lead.microsoft.clone(),
        graph: lead.microsoft.clone(),
        extra_root_ca_pem: lead.ca_file.as_ref().map(std::fs::read).transpose()?,
        verification_hosts: vec![host],
    })
}
