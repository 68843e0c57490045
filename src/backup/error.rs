//! Why there is no backup, or why it does not come back, in words for the person at the terminal.

use std::io;
use std::path::{Path, PathBuf};

use crate::keeper::StreamKeyError;
use crate::storage::{SnapshotError, UrlError};

/// See the variants. Nothing half done is left under the name that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error(transparent)]
    Url(#[from] UrlError),
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("cannot {action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} exists already, and a backup is never replaced: name another file, or a directory", .0.display())]
    Exists(PathBuf),
    #[error(
        "{program} cannot be started; install Postgres' programs (Debian, Ubuntu: apt-get install postgresql), or name their directory in TENANTRY_PG_BIN"
    )]
    Program {
        program: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("{program} failed: {said}")]
    Failed { program: &'static str, said: String },
    #[error("{program} was cut off")]
    Pipe {
        program: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("the rows do not agree, so this is no backup: {0}")]
    Rows(String),
    #[error("{} is no backup of Tenantry's", .0.display())]
    NoBackup(PathBuf),
    #[error("{} is a backup in format {format}, made by a newer Tenantry; use that one", path.display())]
    Format { path: PathBuf, format: u32 },
    #[error("{} does not open", path.display())]
    Key {
        path: PathBuf,
        source: StreamKeyError,
    },
    #[error(
        "the data needs the master key {0}, which is not at hand: put that key back into the key file"
    )]
    MasterKey(String),
    #[error(
        "it was taken at migration {schema}, this program knows {known}: use the newer Tenantry that took it"
    )]
    Newer { schema: i64, known: i64 },
    #[error("the database is not empty; to replace all it holds, say --replace")]
    NotEmpty,
    #[error("the database is in use by {0}; stop that first")]
    InUse(String),
    #[error(
        "the database does not come from a backup, or it was made ready before: nothing to finish"
    )]
    NothingToFinish,
    #[error(
        "the revocation log {} is not there, and without it what was revoked after the backup works again. Put it there, name it with --revocation-log, or say --without-revocation-log",
        .0.display()
    )]
    NoLog(PathBuf),
    #[error("{} is damaged or incomplete ({what}); take another backup", path.display())]
    Damaged { path: PathBuf, what: &'static str },
}

impl BackupError {
    /// The master key that the file needs is not at hand or is another one.
    pub const fn is_configuration(&self) -> bool {
        matches!(
            self,
            Self::Key { .. } | Self::MasterKey(_) | Self::Snapshot(SnapshotError::Role(_))
        )
    }
}

/// For `map_err`: what was being done to which path.
pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Io {
        action,
        path,
        source,
    }
}
