//! Portal, keeper, workers and their listeners as one running thing: assembled from settings, taken down in order. What
//! `serve` and `demo` share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::app::{App, Site};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::onboarding;
use crate::keeper;
use crate::mail::Mailer;
use crate::storage::{self, DatabaseUrls, PoolKind};
use crate::web::listen;
use crate::{web, workers};

/// Requests that are still in work after so long are cut at shutdown.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(20);
/// Onboarding pages that may be behind on changes before they are told to look again.
const CHANGES_KEPT: usize = 1024;

/// Listeners bound before anything else starts, so that a taken port is the first thing to be said.
pub struct Listeners {
    portal: TcpListener,
    ops: TcpListener,
}

impl Listeners {
    /// Bind the portal's and the ops address; port 0 picks a free one.
    pub async fn bind(config: &Config) -> anyhow::Result<Self> {
        let bind = async |address: SocketAddr, setting: &str| {
            TcpListener::bind(address).await.with_context(|| {
                format!("{address} of setting `{setting}` cannot be listened on; is another program using it?")
            })
        };
        Ok(Self {
            portal: bind(config.listen, "listen").await?,
            ops: bind(config.ops_listen, "ops_listen").await?,
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
    pub urls: &'a DatabaseUrls,
    pub clock: Clock,
    pub keeper: keeper::Running,
}

/// A running portal with its keeper.
pub struct Server {
    app: App,
    keeper: keeper::Running,
    workers: workers::Driver,
    stop: CancellationToken,
    tasks: TaskTracker,
    pools: Vec<PgPool>,
}

impl Server {
    /// Open the pools, start the workers and serve.
    pub fn start(parts: Parts<'_>, listeners: Listeners) -> anyhow::Result<Self> {
        let config = parts.config;
        let pool = storage::pool(&parts.urls.web, PoolKind::Web)?;
        let listen = storage::pool(&parts.urls.listen, PoolKind::Command)?;
        let health = storage::pool(&parts.urls.web, PoolKind::Health)?;
        let app = App {
            pool: pool.clone(),
            clock: parts.clock,
            keeper: parts.keeper.client(),
            site: Arc::new(Site {
                base_url: parts.base_url,
                msp_name: config.msp.name.clone(),
                msp_legal_name: config.msp.legal_name.clone(),
                report_to: config.msp.report_to.clone(),
                app_name: parts.app_name.to_owned(),
                cloud: keeper::Cloud::at(&config.entra.authority, &config.entra.graph_url),
            }),
            trusted_proxies: config.trusted_proxies.clone().into(),
            mailer: config.smtp.as_ref().map(Mailer::new).transpose()?,
            flow_changes: broadcast::channel(CHANGES_KEPT).0,
        };
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(onboarding::relay(
            listen.clone(),
            app.flow_changes.clone(),
            stop.clone(),
        ));
        let workers = workers::start(&app, &stop);
        serve(listeners.portal, web::router(app.clone()), &stop, &tasks);
        let ops = App {
            pool: health.clone(),
            ..app.clone()
        };
        serve(
            listeners.ops,
            web::ops::router(ops, stop.clone()),
            &stop,
            &tasks,
        );
        Ok(Self {
            app,
            keeper: parts.keeper,
            workers,
            stop,
            tasks,
            pools: vec![pool, listen, health],
        })
    }

    /// What requests and workers share; the demo plants its world through it.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Stop taking requests, finish those in work, then the workers, then the keeper, then close the pools.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(SHUTDOWN_PATIENCE, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("some requests did not end in time and were cut");
        }
        self.workers.finished().await;
        self.keeper.shutdown().await;
        for pool in self.pools {
            pool.close().await;
        }
    }
}

fn serve(listener: TcpListener, router: Router, stop: &CancellationToken, tasks: &TaskTracker) {
    let stop = stop.clone();
    tasks.spawn(listen::serve(
        listener,
        router,
        listen::Limits::default(),
        stop,
    ));
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
