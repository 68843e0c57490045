//! The database as the settings name it: somebody's server, or the private one.

use super::DatabaseUrls;
use super::migrator::{MigrationError, migrate};
use super::private_postgres::{self, Options, PrivatePostgres};
use crate::config::Config;

/// The database's addresses, and the private server while we use it.
#[derive(Debug)]
pub struct Storage {
    urls: DatabaseUrls,
    private: Option<PrivatePostgres>,
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
        let database = &config.database;
        if let (Some(web), Some(keeper)) = (&database.web_url, &database.keeper_url) {
            return Ok(Self {
                urls: DatabaseUrls {
                    web: web.clone(),
                    keeper: keeper.clone(),
                    migrate: database.migrate_url.clone(),
                    listen: database.listen_url.clone().unwrap_or_else(|| web.clone()),
                },
                private: None,
            });
        }
        let private = PrivatePostgres::start(Options {
            dir: config.data_dir.join("postgres"),
            volatile: false,
        })
        .await?;
        let storage = Self {
            urls: private.urls(),
            private: Some(private),
        };
        storage.migrate().await?;
        Ok(storage)
    }

    pub fn urls(&self) -> &DatabaseUrls {
        &self.urls
    }

    /// The private server, when that is what we use.
    pub fn private(&self) -> Option<&PrivatePostgres> {
        self.private.as_ref()
    }

    /// Bring the schema up to date; returns its version.
    pub async fn migrate(&self) -> Result<i64, MigrationError> {
        let url = self
            .urls
            .migrate
            .as_ref()
            .ok_or(MigrationError::NoAddress)?;
        migrate(url).await
    }

    /// Leave; the private server stops if nobody else uses it. Close the pools before.
    pub async fn close(self) {
        if let Some(private) = self.private {
            private.stop().await;
        }
    }
}
