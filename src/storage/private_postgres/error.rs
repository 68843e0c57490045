//! What can keep the private Postgres from starting, in words for the person at the terminal.

use std::io;
use std::path::PathBuf;

/// Why the private Postgres did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "Postgres is not installed: no directory with initdb, pg_ctl and postgres was found. Install it (Debian, Ubuntu: apt-get install postgresql), \
         name its directory in TENANTRY_PG_BIN, or set database.web_url and its sisters to a server of yours"
    )]
    NotInstalled,
    #[error(
        "the data in {} belongs to Postgres {wanted}, but only {found} is installed; install version {wanted} or name its directory in TENANTRY_PG_BIN",
        data.display()
    )]
    WrongVersion {
        data: PathBuf,
        wanted: u32,
        found: String,
    },
    #[error("TENANTRY_PG_BIN names {}, which lacks initdb, pg_ctl or postgres", .0.display())]
    WrongBinaries(PathBuf),
    #[error(
        "the system user {user}, as which Postgres must run because it refuses root, cannot work in {}: {reason}. \
         Choose a data_dir below directories that everyone may pass through, such as /var/lib/tenantry",
        dir.display()
    )]
    Unreachable {
        user: String,
        dir: PathBuf,
        reason: String,
    },
    #[error(
        "neither the system user postgres nor nobody exists, and Postgres refuses to run as root; run tenantry as an ordinary user"
    )]
    NoAccount,
    #[error("the system user {0} has no name, which Postgres demands; add it to /etc/passwd")]
    NamelessUser(u32),
    #[error("{} belongs to another user (number {owner}); run tenantry as that user or as root, or choose another data_dir", dir.display())]
    ForeignDirectory { dir: PathBuf, owner: u32 },
    #[error("{} exists but holds no Postgres cluster; move it away or choose another data_dir", .0.display())]
    NotACluster(PathBuf),
    #[error("{tool} failed: {output}")]
    Tool { tool: &'static str, output: String },
    #[error(
        "a Postgres server works in {} but does not answer on its socket; wait for it to end, or stop it (its process number is the first line of postmaster.pid)",
        .0.display()
    )]
    Unresponsive(PathBuf),
    #[error("cannot {action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the private Postgres refused the preparation of its roles and database")]
    Provision(#[from] sqlx::Error),
    #[error("the start of the private Postgres was interrupted")]
    Interrupted,
}

/// For `map_err`: what was being done to which path.
pub fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
    let path = path.into();
    move |source| Error::Io {
        action,
        path,
        source,
    }
}
