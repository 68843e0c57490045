//! How the installation stands at this moment.

use time::OffsetDateTime;

use super::store::{granted, today};
use crate::domain::op::{Op, Scope};
use crate::storage::TenantId;

/// A breaker that has ever turned: what it guards, and whether it is shut.
#[derive(Clone, Debug)]
pub struct Breaker {
    pub kind: BreakerKind,
    /// How often in a row it was shut; zero when it is open.
    pub times: i32,
    /// Seconds until it lets a request through, by the database's clock; zero when it is open or tries again now.
    pub shut_for_s: i64,
    /// Seconds since it last turned.
    pub turned_ago_s: i64,
}

/// What a breaker guards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BreakerKind {
    /// Everything sent to Microsoft's sign-in service.
    Authority,
    /// What one app registration asks: its client id, and whether with its credential.
    Application {
        client_id: String,
        with_credential: bool,
    },
}

/// A keeper that was seen within the last day.
#[derive(Clone, Debug)]
pub struct KeeperLife {
    /// The first letters of its id.
    pub name: String,
    pub up_for_s: i64,
    pub seen_ago_s: i64,
    pub in_flight: i32,
    pub waiting: i32,
}

impl KeeperLife {
    /// Keepers beat every five seconds.
    pub const fn is_alive(&self) -> bool {
        self.seen_ago_s < 15
    }
}

/// The valid token that was renewed longest ago.
#[derive(Clone, Debug)]
pub struct Oldest {
    pub at: OffsetDateTime,
    pub tenant_id: TenantId,
    pub short_name: String,
    pub full_name: String,
    pub resource: String,
}

/// The present, apart from what the histories show.
#[derive(Clone, Debug, Default)]
pub struct Present {
    /// When the newest sample was taken; none before the first.
    pub sampled_at: Option<OffsetDateTime>,
    /// Connections that are renewed by schedule; of these, whose time has come; of these, for longer than ten minutes.
    pub connections: i32,
    pub due: i32,
    pub overdue: i32,
    pub oldest: Option<Oldest>,
    pub breakers: Vec<Breaker>,
    pub keepers: Vec<KeeperLife>,
}

/// How the database is.
#[derive(Clone, Debug)]
pub struct Database {
    pub version: String,
    pub size_bytes: i64,
    pub connections: i32,
    pub max_connections: i32,
    /// None when no other transaction is open, or none that may be seen.
    pub oldest_transaction_s: Option<f64>,
    pub replicas: i32,
    /// None without replicas.
    pub replica_lag_s: Option<f64>,
}

impl BreakerKind {
    /// From the name that keepers give it; none when it is not one.
    pub fn parse(name: &str) -> Option<Self> {
        if name == "authority" {
            return Some(Self::Authority);
        }
        let lane = name.strip_prefix("app:")?;
        let (client_id, with_credential) = match lane.strip_suffix(":credential") {
            Some(client_id) => (client_id, true),
            None => (lane, false),
        };
        Some(Self::Application {
            client_id: client_id.to_owned(),
            with_credential,
        })
    }
}

/// The present, as far as tenants are concerned within `scope`.
pub async fn present(op: &mut Op, scope: Scope) -> Result<Present, sqlx::Error> {
    let mut present = match scope.technician() {
        // The samples are of the whole fleet.
        Some(technician) => granted::present(op, technician).await?,
        None => today::newest_sample(op).await?,
    };
    present.breakers = today::breakers(op).await?;
    present.keepers = today::keepers(op).await?;
    Ok(present)
}

/// How the database is.
pub async fn database(op: &mut Op) -> Result<Database, sqlx::Error> {
    today::database(op).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breaker_is_known_by_its_name() {
        assert_eq!(
            BreakerKind::parse("authority"),
            Some(BreakerKind::Authority)
        );
        let app = |with_credential| {
            Some(BreakerKind::Application {
                client_id: "7f3e".into(),
                with_credential,
            })
        };
        assert_eq!(BreakerKind::parse("app:7f3e"), app(false));
        assert_eq!(BreakerKind::parse("app:7f3e:credential"), app(true));
        assert_eq!(BreakerKind::parse("moon"), None);
    }
}
