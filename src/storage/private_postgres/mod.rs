//! A real Postgres of Tenantry's own, on the system's binaries, behind a Unix socket in a private directory: for people
//! who have no database server to offer, and for tests. Several programs may use one cluster at once; the first starts
//! it and the last stops it. Not a database server for anything else.

mod account;
mod binaries;
mod credentials;
mod error;
mod initdb;
mod layout;
mod provision;
mod server;
mod settings;

use std::fs::File;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

pub use error::Error;
pub use layout::make_data_dir;

use super::urls::DatabaseUrls;
use account::Account;
use binaries::Binaries;
use layout::Layout;

/// The database made in every cluster.
pub const DATABASE: &str = "tenantry";
/// The superuser, for whoever owns the directory; nobody logs in as it over the years but `psql` in need.
pub const SUPERUSER: &str = "portal";

/// Which cluster, and how careful with it.
#[derive(Clone, Debug)]
pub struct Options {
    /// The cluster's own directory, made when missing: `data/`, `socket/`, `credentials/`, locks and logs.
    pub dir: PathBuf,
    /// For tests: nothing is flushed to disk and nobody needs a password. Such a cluster dies with the machine.
    pub volatile: bool,
}

/// The directory of the newest Postgres programs of this system, where there are any.
pub fn programs() -> Option<PathBuf> {
    Binaries::find(None)
        .ok()
        .map(|found| found.dir().to_owned())
}

/// A started or joined cluster. Dropping it leaves; the last user to leave stops the server (blocks about 0.1 s).
#[derive(Debug)]
pub struct PrivatePostgres {
    cluster: Cluster,
    /// Held shared while we use the server; `None` once we have left.
    users: Option<File>,
}

/// What does not change about a cluster while we use it.
#[derive(Clone, Debug)]
struct Cluster {
    options: Options,
    layout: Layout,
    account: Account,
    binaries: Binaries,
}

/// A cluster between "the server runs" and "roles and database exist". The order of the fields matters: when this is
/// dropped early, the gate must open before the cluster is left, which passes the same gate.
struct Started {
    gate: File,
    postgres: PrivatePostgres,
    fresh: bool,
}

impl PrivatePostgres {
    /// Start the cluster in `options.dir`, or join it when another program of ours runs it already, making what is
    /// missing: directory, cluster, roles, passwords, database.
    ///
    /// # Errors
    /// Every error says what was tried and what to do, e.g. which package to install.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let started = tokio::task::spawn_blocking(move || Started::new(options))
            .await
            .map_err(|_| Error::Interrupted)??;
        provision::provision(&started.postgres.cluster, started.fresh).await?;
        drop(started.gate);
        Ok(started.postgres)
    }

    /// Leave the cluster without blocking the async runtime.
    pub async fn stop(self) {
        // The only failure is a panic in `drop`, which has been reported by then.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }

    /// The addresses by which the portal's roles log in, all of them: for tests and benchmarks, which play every role.
    pub fn urls(&self) -> DatabaseUrls {
        let web = self.url("portal_web", DATABASE);
        DatabaseUrls {
            listen: web.clone(),
            web,
            keeper: self.url("portal_keeper", DATABASE),
            migrate: Some(self.url("portal_migrate", DATABASE)),
        }
    }

    /// The address of `database` for `role`, with its password where it has one (the superuser has none: its system
    /// user is its proof).
    pub fn url(&self, role: &str, database: &str) -> SecretString {
        let Cluster {
            layout, options, ..
        } = &self.cluster;
        let password = if options.volatile {
            None
        } else {
            credentials::read(layout, role)
        };
        layout.url(role, password.as_ref(), database)
    }

    /// The directory of the server's programs.
    pub fn programs(&self) -> &Path {
        self.cluster.binaries.dir()
    }

    /// Where the server's socket is (`psql -h`).
    pub fn socket_dir(&self) -> &Path {
        &self.cluster.layout.socket_dir
    }

    /// Where the server's own files are.
    pub fn cluster_dir(&self) -> &Path {
        &self.cluster.layout.data
    }
}

impl Started {
    /// Everything that blocks: locks, files, `initdb`, `pg_ctl`.
    fn new(options: Options) -> Result<Self, Error> {
        let (layout, account) = Layout::make(&options.dir)?;
        let binaries = Binaries::find(initdb::version(&layout)?)?;
        account.try_out(&binaries, &layout)?;
        let cluster = Cluster {
            options,
            layout,
            account,
            binaries,
        };
        let gate = cluster.layout.gate(&cluster.account)?;
        cluster.layout.make_socket_dir(&cluster.account)?;
        credentials::check(&cluster.layout)?;
        let joined = server::answers(&cluster.layout);
        if !joined {
            initdb::ensure(&cluster)?;
            settings::write(&cluster)?;
            server::start(&cluster)?;
        }
        server::wait_until_ready(&cluster.layout)?;
        let users = cluster.layout.users(&cluster.account)?;
        Ok(Self {
            gate,
            fresh: !joined,
            postgres: PrivatePostgres {
                cluster,
                users: Some(users),
            },
        })
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        let Some(users) = self.users.take() else {
            return;
        };
        if let Err(error) = server::leave(&self.cluster, &users) {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the private Postgres was left running"
            );
        }
    }
}
