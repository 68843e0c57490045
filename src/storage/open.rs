//! The database as the settings name it: somebody's server, or the private one.

use secrecy::SecretString;

use super::migrator::{MigrationError, migrate};
use super::private_postgres::{self, DATABASE, Options, PrivatePostgres, SUPERUSER};
use crate::config::{Config, ConfigError, Database};

/// Where the database is, and the private server while we use it. An address is read when it is asked for, so that a process
/// holds no login but its own.
#[derive(Debug)]
pub struct Storage {
    source: Source,
}

#[derive(Debug)]
enum Source {
    Settings(Database),
    Private(PrivatePostgres),
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the private Postgres did not start")]
    Private(#[from] private_postgres::Error),
    #[error("the private Postgres could not be migrated")]
    Migration(#[from] MigrationError),
}

impl Storage {
    /// The addresses of the settings; without any, start the private Postgres in `data_dir/postgres` (or join it) and
    /// bring it up to date. A foreign server is neither contacted nor changed.
    pub async fn open(config: &Config) -> Result<Self, OpenError> {
        let storage = Self::join(config).await?;
        if storage.private().is_some() {
            storage.migrate().await?;
        }
        Ok(storage)
    }

    /// The same for a process whose parent has brought the private Postgres up to date.
    pub async fn join(config: &Config) -> Result<Self, OpenError> {
        let source = if config.uses_private_postgres() {
            let options = Options {
                dir: config.data_dir.join("postgres"),
                volatile: false,
            };
            Source::Private(PrivatePostgres::start(options).await?)
        } else {
            Source::Settings(config.database.clone())
        };
        Ok(Self { source })
    }

    /// As `portal_web`: pages, API, workers.
    pub fn web_url(&self) -> Result<SecretString, ConfigError> {
        self.url("portal_web", "database.web_url", |set| set.web_url.clone())
    }

    /// As `portal_keeper`: sealed secrets and the refresh schedule.
    pub fn keeper_url(&self) -> Result<SecretString, ConfigError> {
        self.url("portal_keeper", "database.keeper_url", |set| {
            set.keeper_url.clone()
        })
    }

    /// As `portal_web` past any `PgBouncer`, because LISTEN needs a session of its own.
    pub fn listen_url(&self) -> Result<SecretString, ConfigError> {
        self.url("portal_web", "database.web_url", |set| {
            set.listen_url.clone().or_else(|| set.web_url.clone())
        })
    }

    /// As `portal_backup`, which may read everything and change nothing.
    pub fn backup_url(&self) -> Result<SecretString, ConfigError> {
        self.url("portal_backup", "database.backup_url", |set| {
            set.backup_url.clone()
        })
    }

    /// As somebody who may make the schema anew: the private server's superuser, else whoever migrates.
    pub fn restore_url(&self) -> Result<SecretString, ConfigError> {
        self.url(SUPERUSER, "database.migrate_url", |set| {
            set.migrate_url.clone()
        })
    }

    fn url(
        &self,
        role: &str,
        setting: &'static str,
        set: impl Fn(&Database) -> Option<SecretString>,
    ) -> Result<SecretString, ConfigError> {
        match &self.source {
            Source::Private(private) => Ok(private.url(role, DATABASE)),
            Source::Settings(database) => {
                set(database).ok_or_else(|| ConfigError::Settings(vec![Database::missing(setting)]))
            }
        }
    }

    /// The private server, when that is what we use.
    pub fn private(&self) -> Option<&PrivatePostgres> {
        match &self.source {
            Source::Private(private) => Some(private),
            Source::Settings(_) => None,
        }
    }

    /// Bring the schema up to date; returns its version.
    pub async fn migrate(&self) -> Result<i64, MigrationError> {
        let url = match &self.source {
            Source::Private(private) => Some(private.url("portal_migrate", DATABASE)),
            Source::Settings(database) => database.migrate_url.clone(),
        };
        migrate(&url.ok_or(MigrationError::NoAddress)?).await
    }

    /// Leave; the private server stops if nobody else uses it. Close the pools before.
    pub async fn close(self) {
        if let Source::Private(private) = self.source {
            private.stop().await;
        }
    }
}
