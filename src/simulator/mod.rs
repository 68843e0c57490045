//! A pretend Microsoft Entra and Graph for demo, rehearsal and tests: device code, sign-in and consent pages, refresh
//! with rotation, app-only tokens, and every cause of death on demand. Knows nothing of the portal, and `serve` never
//! mounts it.

pub mod aadsts;
pub mod command;
mod control;
pub mod directory;
mod graph;
mod journal;
mod json;
mod pages;
mod site;
mod snapshot;
pub(crate) mod tls;
mod tokens;
mod wire;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::clock::Clock;
use directory::State;
pub use directory::{Directory, Mode};
use journal::Journal;
use site::Site;
use tokens::Keys;
pub use tokens::{Class, Entry, Person, Willing, fingerprint};

/// How to start a simulator.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port 0 picks a free one.
    pub listen: SocketAddr,
    pub tls: bool,
    /// Where the CA certificate is written when `tls` is on.
    pub ca_dir: PathBuf,
    pub mode: Mode,
    /// Decides access token lifetimes and wording, not secrets.
    pub seed: u64,
    pub clock: Clock,
    /// The address to publish in metadata and answers; absent: whatever `Host` a request names.
    pub public_url: Option<Url>,
    /// Where the directory, keys and tokens are kept between runs; absent: in memory only. A saved state brings its own
    /// settings and moves `clock` to where it stood.
    pub state_file: Option<PathBuf>,
}

/// A running simulator.
pub struct Simulator {
    url: Url,
    ca_file: Option<PathBuf>,
    directory: Directory,
    stop: CancellationToken,
    server: JoinHandle<()>,
    /// Saves the state; stopped after the server, so that the last answers are in it.
    keeper: Option<(JoinHandle<()>, CancellationToken)>,
}

/// Connections that are still open after so long are cut at shutdown.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(2);

/// Bind and serve in a task of its own.
pub async fn start(options: Options) -> anyhow::Result<Simulator> {
    let tcp = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("the simulator cannot listen on {}", options.listen))?;
    let bound = tcp.local_addr()?;
    let scheme = if options.tls { "https" } else { "http" };
    let url = match &options.public_url {
        Some(url) => url.clone(),
        None => Url::parse(&format!("{scheme}://{bound}"))?,
    };
    let directory = open_directory(&options).await?;
    let keys = directory.read(|state| Keys::load(&state.signing_key))?;
    let site = Site {
        directory: directory.clone(),
        keys: Arc::new(keys),
        browsers: Arc::default(),
        public_url: options.public_url.clone(),
        tls: options.tls,
        bound: bound.to_string(),
    };
    let stop = CancellationToken::new();
    let (server, ca_file) = if options.tls {
        let identity = tls::make(&options.ca_dir, url.host_str())?;
        let listener = tls::TlsListener::new(tcp, identity.config)?;
        (serve(listener, site, &stop), Some(identity.ca_file))
    } else {
        (serve(tcp, site, &stop), None)
    };
    let keeper = options.state_file.map(|file| {
        let last = CancellationToken::new();
        let keep = snapshot::keep(directory.clone(), file, last.clone());
        (tokio::spawn(keep), last)
    });
    Ok(Simulator {
        url,
        ca_file,
        directory,
        stop,
        server,
        keeper,
    })
}

/// The saved directory, or an empty one with a new signing key.
async fn open_directory(options: &Options) -> anyhow::Result<Directory> {
    let clock = options.clock.clone();
    let saved = match &options.state_file {
        Some(file) => snapshot::load(file)?,
        None => None,
    };
    let state = if let Some(state) = saved {
        clock.set_offset_ms(state.clock_offset_ms);
        state
    } else {
        let key = tokio::task::spawn_blocking(Keys::generate).await??;
        State::new(options.seed, options.mode, key)
    };
    let Some(file) = &options.state_file else {
        return Ok(Directory::new(state, clock, None));
    };
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("cannot make the directory {}", parent.display()))?;
    }
    let directory = Directory::new(state, clock, Some(Journal::open(file)?));
    snapshot::save(&directory, file)?;
    Ok(directory)
}

fn serve<L>(listener: L, site: Site, stop: &CancellationToken) -> JoinHandle<()>
where
    L: axum::serve::Listener<Addr = SocketAddr>,
{
    let serve =
        axum::serve(listener, router(site)).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::spawn(async move {
        if let Err(error) = serve.await {
            tracing::error!(%error, "the simulator's server ended");
        }
    })
}

fn router(site: Site) -> Router {
    Router::new()
        .merge(wire::router())
        .merge(graph::router())
        .merge(pages::dress(pages::router()))
        .merge(pages::dress(control::router()))
        .with_state(site)
}

impl Simulator {
    /// The base address: authority and Graph alike.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The CA certificate (PEM) that signs the server's; `None` without TLS.
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// A cheap handle on everything the simulator knows.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Stop serving and save.
    pub async fn shutdown(self) {
        self.stop.cancel();
        let abort = self.server.abort_handle();
        if tokio::time::timeout(SHUTDOWN_PATIENCE, self.server)
            .await
            .is_err()
        {
            abort.abort();
        }
        if let Some((keeper, last)) = self.keeper {
            last.cancel();
            drop(keeper.await);
        }
    }
}
