//! A month at a glance, of one tenant and of every tenant one may see. Calls are kept for thirty days only, so a worker sums
//! up each tenant's day (`roll_up`), and from the days its month; reports read those sums and count nothing themselves.

mod month;
mod roll_up;
mod store;

use time::{Date, Duration, OffsetDateTime};

use super::diagnosis::Category;
use super::history::Kept;
use super::op::{Op, Scope};
use super::tenant::ShortName;
use crate::storage::TenantId;

pub use month::Month;
pub use roll_up::roll_up;

/// What happened in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Access worked, access was lost; what is neither is left out of the uptime.
    pub up: Duration,
    pub down: Duration,
    /// Tokens renewed.
    pub renewals: i64,
    /// How often lost access came back, and the sum of how long it had been lost.
    pub recoveries: i64,
    pub recovery: Duration,
    pub errors: i64,
    /// Invitations made, and those used to the end.
    pub invitations: i64,
    pub completed: i64,
}

impl Sums {
    /// Share of the counted time in which access worked, 0 to 1; none when none was counted.
    pub fn uptime(&self) -> Option<f64> {
        let counted = self.up + self.down;
        counted
            .is_positive()
            .then(|| self.up.as_seconds_f64() / counted.as_seconds_f64())
    }

    /// From the loss of access to its return, on average; none when it never came back.
    pub fn mean_time_to_renew(&self) -> Option<Duration> {
        let times = i32::try_from(self.recoveries).ok().filter(|n| *n > 0)?;
        Some(self.recovery / times)
    }
}

/// Errors and lost time by what caused them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CauseSums {
    pub cause: Category,
    pub errors: i64,
    pub lost: Duration,
}

/// One day of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySums {
    pub day: Date,
    pub worst: Option<Kept>,
    pub sums: Sums,
}

/// A tenant's month.
#[derive(Clone, Debug)]
pub struct TenantReport {
    pub sums: Sums,
    /// Most lost time first, then most errors.
    pub causes: Vec<CauseSums>,
    pub days: Vec<DaySums>,
    /// Until when the month is counted; none when nothing of it is.
    pub counted_until: Option<OffsetDateTime>,
}

/// The month of all tenants in scope.
#[derive(Clone, Debug)]
pub struct FleetReport {
    /// Tenants counted.
    pub tenants: i64,
    pub sums: Sums,
    pub causes: Vec<CauseSums>,
    pub counted_until: Option<OffsetDateTime>,
}

/// One tenant in the fleet's month.
#[derive(Clone, Debug)]
pub struct Line {
    pub tenant_id: TenantId,
    pub short_name: ShortName,
    pub full_name: String,
    pub sums: Sums,
    place: Place,
}

/// Where a page of the fleet's lines ends: the least available come first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Uptime from 0 to 1; 2 when nothing was counted.
    rank: f64,
    tenant: TenantId,
}

impl Line {
    /// The place of this line.
    pub fn place(&self) -> Place {
        self.place
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}.{}", self.rank.to_bits(), self.tenant)
    }
}

impl Place {
    /// From an address; none when it is no place.
    pub fn from_word(word: &str) -> Option<Self> {
        let (rank, tenant) = word.split_once('.')?;
        let rank = f64::from_bits(u64::from_str_radix(rank, 16).ok()?);
        rank.is_finite().then_some(())?;
        Some(Self {
            rank,
            tenant: tenant.parse().ok()?,
        })
    }
}

/// One tenant's month; all zero when nothing of it was counted.
pub async fn of_tenant(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    month: Month,
) -> Result<TenantReport, sqlx::Error> {
    Ok(TenantReport {
        sums: store::tenant_month(op, scope, tenant, month)
            .await?
            .unwrap_or_default(),
        causes: store::tenant_causes(op, scope, tenant, month).await?,
        days: store::tenant_days(op, scope, tenant, month).await?,
        counted_until: store::counted_until(op, month).await?,
    })
}

/// The month of all tenants in scope.
pub async fn of_fleet(op: &mut Op, scope: Scope, month: Month) -> Result<FleetReport, sqlx::Error> {
    let (tenants, sums) = store::fleet_month(op, scope, month).await?;
    Ok(FleetReport {
        tenants,
        sums,
        causes: store::fleet_causes(op, scope, month).await?,
        counted_until: store::counted_until(op, month).await?,
    })
}

/// Tenants of the month after `place`, the least available first; and whether there are more.
pub async fn lines(
    op: &mut Op,
    scope: Scope,
    month: Month,
    place: Option<Place>,
    limit: usize,
) -> Result<(Vec<Line>, bool), sqlx::Error> {
    let asked = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let mut lines = store::lines(op, scope, month, place, asked).await?;
    let more = lines.len() > limit;
    lines.truncate(limit);
    Ok((lines, more))
}

/// Months that something was counted of, newest first.
pub async fn months(op: &mut Op) -> Result<Vec<Month>, sqlx::Error> {
    store::months(op).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_need_something_to_be_a_mean_of() {
        let sums = Sums::default();
        assert_eq!((sums.uptime(), sums.mean_time_to_renew()), (None, None));
        let sums = Sums {
            up: Duration::hours(99),
            down: Duration::hours(1),
            recoveries: 2,
            recovery: Duration::hours(5),
            ..sums
        };
        assert_eq!(sums.uptime(), Some(0.99));
        assert_eq!(sums.mean_time_to_renew(), Some(Duration::minutes(150)));
    }

    #[test]
    fn a_place_survives_an_address() {
        let place = Place {
            rank: 0.987_654_321,
            tenant: TenantId::new(),
        };
        assert_eq!(Place::from_word(&place.to_string()), Some(place));
        for odd in ["", "x", "7ff8000000000000.x", "1.2"] {
            assert_eq!(Place::from_word(odd), None, "{odd}");
        }
    }
}
