//! The portal, its workers and their listeners as one running thing: assembled from settings, taken down in order, the
//! keeper's process last. What `serve`, `web` and `demo` share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use secrecy::SecretString;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::app::{App, Inner, Login, Site};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{connection, onboarding, sign_on};
use crate::keeper;
use crate::mail::Mailer;
use crate::outbound::guard::Guard;
use crate::process::Supervisor;
use crate::storage::{self, PoolKind};
use crate::web::listen::{self, Door};
use crate::web::tls::Tls;
use crate::{web, workers};

/// A shutdown takes this long at most.
const SHUTDOWN: Duration = Duration::from_secs(29);
/// Requests that are still in work after so long are cut at shutdown; the rest is the keeper's, to store what it sent.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(15);
/// Onboarding pages that may be behind on changes before they are told to look again.
const CHANGES_KEPT: usize = 1024;

/// Listeners bound before anything else starts, so that a taken port is the first thing to be said.
pub struct Listeners {
    portal: TcpListener,
    ops: TcpListener,
    /// What the portal shows browsers; none: in the clear.
    tls: Option<Tls>,
}

impl Listeners {
    /// Bind the portal's and the ops address; port 0 picks a free one. Certificate and key must fit each other.
    pub async fn bind(config: &Config) -> anyhow::Result<Self> {
        let tls = config.tls.as_ref().map(Tls::load).transpose()?;
        let bind = async |address: SocketAddr, setting: &str| {
            TcpListener::bind(address).await.with_context(|| {
                format!("{address} of setting `{setting}` cannot be listened on; is another program using it?")
            })
        };
        Ok(Self {
            portal: bind(config.listen, "listen").await?,
            ops: bind(config.ops_listen, "ops_listen").await?,
            tls,
        })
    }

    /// Where the portal listens.
    pub fn portal(&self) -> std::io::Result<SocketAddr> {
        self.portal.local_addr()
    }

    /// Where health is asked.
    pub fn ops(&self) -> std::io::Result<SocketAddr> {
        self.ops.local_addr()
    }
}

/// What the server is made of besides the settings.
pub struct Parts<'a> {
    pub config: &'a Config,
    /// Where people reach the portal; the demo learns it only when its port is bound.
    pub base_url: Url,
    /// The app registration's name, as Microsoft's pages show it.
    pub app_name: &'a str,
    /// As `portal_web`.
    pub web_url: SecretString,
    /// The same, past any `PgBouncer`.
    pub listen_url: SecretString,
    pub clock: Clock,
    /// Who is asked; the keeper itself runs in another process.
    pub keeper: keeper::Client,
    /// By what rules addresses that people typed are called. `serve` gives the usual one, which no setting loosens: what it
    /// calls is the public internet. The demo has a receiver of its own.
    pub guard: Guard,
}

/// A running portal.
pub struct Server {
    app: App,
    workers: Option<workers::Driver>,
    stop: CancellationToken,
    tasks: TaskTracker,
    pools: Vec<PgPool>,
}

impl Server {
    /// Open the pools and serve; nothing is done by itself before [`Self::start_workers`].
    pub fn start(parts: Parts<'_>, listeners: Listeners) -> anyhow::Result<Self> {
        let config = parts.config;
        let pool = storage::pool(&parts.web_url, PoolKind::Web)?;
        let listen = storage::pool(&parts.listen_url, PoolKind::Command)?;
        let health = storage::pool(&parts.web_url, PoolKind::Health)?;
        let sso = config.sso.as_ref();
        let sso = sso.map(|sso| sign_on::set_up(sso, &parts.base_url, parts.clock.clone()));
        let app = App::from(Inner {
            pool: pool.clone(),
            clock: parts.clock,
            keeper: parts.keeper,
            site: Arc::new(Site {
                base_url: parts.base_url,
                msp_name: config.msp.name.clone(),
                msp_legal_name: config.msp.legal_name.clone(),
                report_to: config.msp.report_to.clone(),
                app_name: parts.app_name.to_owned(),
                ask_pin: config.invitations.pin,
                egress_addresses: config.msp.egress_addresses.clone(),
                cloud: keeper::Cloud::at(&config.entra.authority, &config.entra.graph_url),
            }),
            trusted_proxies: config.trusted_proxies.clone().into(),
            visit: config.visit,
            limits: config.limits,
            login: Arc::new(Login::new(&config.login)?),
            keep_errors_months: config.retention.msal_errors_months,
            revocation_log: Some(config.revocation_log.clone()),
            sso: sso.transpose()?.map(Arc::new),
            mailer: config.smtp.as_ref().map(Mailer::new).transpose()?,
            guard: parts.guard,
            flow_changes: broadcast::channel(CHANGES_KEPT).0,
            status_news: broadcast::channel(64).0,
            keys: crate::domain::api_key::SeenKeys::default(),
            hand_outs: Arc::new(tokio::sync::Semaphore::new(config.limits.hand_outs_waiting)),
        });
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (status_ear, status_heard) = connection::status_ear();
        tasks.spawn(storage::listen(
            listen.clone(),
            vec![onboarding::ear(app.flow_changes.clone()), status_ear],
            stop.clone(),
        ));
        tasks.spawn(connection::tell_news(
            status_heard,
            app.pool.clone(),
            app.clock.clone(),
            app.status_news.clone(),
            stop.clone(),
        ));
        let portal = match listeners.tls {
            None => Door::clear(listeners.portal),
            Some(tls) => {
                let door = Door::over_tls(listeners.portal, tls.acceptor()?);
                tasks.spawn(tls.watch(stop.clone()));
                door
            }
        };
        let limits = listen::Limits::of(&config.limits);
        serve(portal, web::router(app.clone()), limits, &stop, &tasks);
        let mut ops = app.clone();
        ops.pool = health.clone();
        serve(
            Door::clear(listeners.ops),
            web::ops::router(ops, stop.clone()),
            listen::Limits::default(),
            &stop,
            &tasks,
        );
        Ok(Self {
            app,
            workers: None,
            stop,
            tasks,
            pools: vec![pool, listen, health],
        })
    }

    /// Begin what is done by itself.
    pub fn start_workers(&mut self) {
        self.workers = Some(workers::start(&self.app, &self.stop));
    }

    /// What requests and workers share; the demo plants its world through it.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Stop taking requests, finish those in work, then the workers, then the keeper that is ours, then close the pools: all
    /// within 30 s.
    pub async fn shutdown(self, keeper: Option<Supervisor>) {
        let deadline = Instant::now() + SHUTDOWN;
        self.stop.cancel();
        self.tasks.close();
        let done = async {
            self.tasks.wait().await;
            if let Some(workers) = &self.workers {
                workers.finished().await;
            }
        };
        if tokio::time::timeout(SHUTDOWN_PATIENCE, done).await.is_err() {
            tracing::warn!("some requests did not end in time and were cut");
        }
        if let Some(keeper) = keeper {
            keeper.shutdown(deadline).await;
        }
        let closing = async {
            for pool in self.pools {
                pool.close().await;
            }
        };
        // A connection that does not close ends with the process.
        let _ = tokio::time::timeout_at(deadline, closing).await;
    }
}

fn serve(
    door: Door,
    router: Router,
    limits: listen::Limits,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) {
    tasks.spawn(listen::serve(door, router, limits, stop.clone()));
}

/// Resolves at Ctrl-C or SIGTERM; a second signal ends the process at once.
pub async fn asked_to_stop() {
    either_signal().await;
    tokio::spawn(async {
        either_signal().await;
        std::process::exit(1);
    });
}

async fn either_signal() {
    tokio::select! {
        () = arrived(SignalKind::interrupt()) => {}
        () = arrived(SignalKind::terminate()) => {}
    }
}

async fn arrived(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        // Without the handler the system's own default ends the process.
        Err(_) => std::future::pending().await,
    }
}
