//! Connection pools, one per use, with the limits that keep one slow query from stopping the rest.

use std::time::Duration;

use secrecy::SecretString;
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use super::urls::{self, UrlError};

/// Longest wait for a free connection.
const ACQUIRE: Duration = Duration::from_secs(2);
/// A connection used within so long is taken as it is; one that rested longer is asked first whether it still lives.
const FRESH: Duration = Duration::from_secs(1);

/// What a pool is for; decides its limits and the name under which `pg_stat_activity` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// Pages, API and workers: statements end after 5 s.
    Web,
    /// The keeper: statements end after 30 s.
    Keeper,
    /// Readiness and metrics: two connections of their own, so that a full pool does not look like a dead database.
    Health,
    /// The command line's own short work: two connections.
    Command,
}

impl PoolKind {
    const fn application_name(self) -> &'static str {
        match self {
            Self::Web => "tenantry web",
            Self::Keeper => "tenantry keeper",
            Self::Health => "tenantry health",
            Self::Command => "tenantry command",
        }
    }

    const fn statement_timeout(self) -> &'static str {
        match self {
            Self::Web => "5s",
            Self::Keeper | Self::Command => "30s",
            Self::Health => "1s",
        }
    }

    const fn max_connections(self) -> u32 {
        match self {
            Self::Web => 16,
            Self::Keeper => 12,
            Self::Health | Self::Command => 2,
        }
    }
}

/// The address with this pool's session limits: statement, lock 2 s, idle in transaction 10 s, UTC.
pub fn connect_options(url: &SecretString, kind: PoolKind) -> Result<PgConnectOptions, UrlError> {
    Ok(urls::parse(url)?
        .application_name(kind.application_name())
        .options([
            ("statement_timeout", kind.statement_timeout()),
            ("lock_timeout", "2s"),
            ("idle_in_transaction_session_timeout", "10s"),
            ("timezone", "UTC"),
            // The server lets go of a client that vanished with its machine after 15 s (over TCP; a local socket ignores it).
            ("tcp_keepalives_idle", "5"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "2"),
            ("tcp_user_timeout", "15s"),
            // Compiling a query costs more than any of ours takes to run.
            ("jit", "off"),
        ]))
}

/// A pool that connects when first used, so that a database that is down makes the portal unready and not absent.
pub fn pool(url: &SecretString, kind: PoolKind) -> Result<PgPool, UrlError> {
    let options = connect_options(url, kind)?;
    Ok(PgPoolOptions::new()
        .max_connections(kind.max_connections())
        .acquire_timeout(ACQUIRE)
        .idle_timeout(Duration::from_mins(5))
        // Asking each time would cost every page a round trip for each of its looks at the database.
        .test_before_acquire(false)
        .before_acquire(|connection, seen| {
            Box::pin(async move {
                if seen.idle_for > FRESH {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options))
}
