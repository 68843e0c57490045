//! The Authentication Status read model: one row per tenant that is not archived, and counts per state. The rows are kept in
//! `tenant_status`, rewritten by whoever changes what they were derived from; which state that is decides the SQL function
//! `authentication_status` alone.

use std::collections::BTreeMap;

use sqlx::PgPool;
use time::{Date, OffsetDateTime};

use super::standing::Mode;
use super::state::{ExpiryReason, PendingReason, ShownState};
use super::status_filter::Filter;
use super::status_order::Sort;
use super::store;
use crate::domain::diagnosis::{Category, WhoActs, entry};
use crate::domain::op::{Op, Scope};
use crate::domain::place::{Place, Slice};
use crate::storage::{ConnectionId, InvitationId, MsalErrorId, TenantId};

/// One tenant's standing, ready to be shown.
#[derive(Clone, Debug)]
pub struct Row {
    pub tenant_id: TenantId,
    pub short_name: String,
    pub full_name: String,
    /// Empty until told.
    pub domain: String,
    /// Who authorised us, or who is expected to; empty until known.
    pub admin: String,
    /// None while there is no current connection.
    pub connection: Option<(ConnectionId, Mode)>,
    pub state: ShownState,
    pub since: OffsetDateTime,
    /// What the last failure was read as; only in Expired and Retrying.
    pub cause: Option<Category>,
    /// A sealed value of the connection could not be opened; an operator has to look.
    pub quarantined: bool,
    pub pending: Option<PendingReason>,
    /// Why the MSP paused the tenant; empty when not suspended or not told.
    pub suspended_reason: String,
    /// When the authorisation ends by itself, as far as known.
    pub expires: Option<(OffsetDateTime, ExpiryReason)>,
    pub last_ok_at: Option<OffsetDateTime>,
    pub last_error: Option<LastError>,
    /// Of the resource set: tokens whose last acquisition worked, and all.
    pub tokens_valid: i32,
    pub tokens_total: i32,
    pub open_invitation: Option<InvitationId>,
    /// Lower-case, sorted.
    pub tags: Vec<String>,
    /// Out of the red until then, and why; none when not snoozed now.
    pub snoozed: Option<(OffsetDateTime, String)>,
    /// How many permissions of the set the connection lacks.
    pub permissions_lacking: i32,
}

/// The newest failure of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastError {
    pub id: MsalErrorId,
    pub at: Option<OffsetDateTime>,
    /// AADSTS number; none when the answer had none.
    pub code: Option<i32>,
}

impl Row {
    /// The cause in a few words; empty when there is nothing to say.
    pub fn words(&self) -> &str {
        match self.state {
            ShownState::Expired if self.quarantined => "The stored token cannot be opened",
            ShownState::Expired => self.cause.map_or("Refused by Microsoft", Category::label),
            ShownState::Retrying => self
                .cause
                .map_or("Microsoft did not answer as expected", Category::label),
            ShownState::Expiring => self.expires.map_or("", |(_, reason)| reason.label()),
            ShownState::InvitationPending => self
                .pending
                .map_or("The link has not been used yet", PendingReason::label),
            ShownState::NotConnected => "No authorisation yet",
            ShownState::Suspended if self.suspended_reason.is_empty() => "Paused by us",
            ShownState::Suspended => &self.suspended_reason,
            ShownState::Valid => "",
        }
    }

    /// Who can end the state; none when nobody has to.
    pub fn who_acts(&self) -> Option<WhoActs> {
        match self.state {
            ShownState::Expired if self.quarantined => Some(WhoActs::Msp),
            ShownState::Expired => Some(self.who_caused()),
            ShownState::Retrying => self.cause.map(|_| self.who_caused()),
            ShownState::Expiring => self.expires.map(|(_, reason)| match reason {
                ExpiryReason::Credential | ExpiryReason::Idle => WhoActs::Msp,
                ExpiryReason::SignInFrequency | ExpiryReason::Rhythm => WhoActs::CustomerUser,
                ExpiryReason::Federated | ExpiryReason::Policy => WhoActs::CustomerAdmin,
            }),
            ShownState::InvitationPending => Some(match self.pending {
                Some(PendingReason::AwaitingConfirmation) => WhoActs::Msp,
                _ => WhoActs::CustomerAdmin,
            }),
            ShownState::NotConnected => Some(WhoActs::Msp),
            ShownState::Valid | ShownState::Suspended => None,
        }
    }

    fn who_caused(&self) -> WhoActs {
        let code = self.last_error.as_ref().and_then(|error| error.code);
        code.and_then(|code| u32::try_from(code).ok())
            .and_then(entry)
            .filter(|row| Some(row.category) == self.cause)
            .map(|row| row.who_acts)
            .or(self.cause.map(Category::usual_who))
            .unwrap_or(WhoActs::Msp)
    }

    /// Whether "Renew" helps: everything but what is paused.
    pub fn renewable(&self) -> bool {
        self.state != ShownState::Suspended
    }
}

/// One page of the list, with what surrounds it.
#[derive(Clone, Debug)]
pub struct Overview {
    pub page: Slice<Row>,
    pub summary: Summary,
    /// Tenants under the whole filter.
    pub total: i64,
}

/// What surrounds the list.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub tally: Tally,
    /// Every tag that some tenant has, sorted.
    pub tags: Vec<String>,
    pub charts: Charts,
}

/// How many tenants there are per state under every filter but that of the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Absent states have none.
    pub counts: BTreeMap<ShownState, i64>,
    /// More matched than were counted.
    pub more: bool,
    /// The causes that some connection of the fleet has, whatever the filter.
    pub causes: Vec<Category>,
}

/// A bar of a chart: a day (UTC) and how many.
pub type DayCount = (Date, i64);

/// What the charts show; days without anything are left out.
#[derive(Clone, Debug, Default)]
pub struct Charts {
    /// What ends by itself on the coming days, [`DAYS_AHEAD`] of them with today.
    pub lapses: Vec<DayCount>,
    /// Errors recorded on the last days, [`DAYS_BACK`] of them with today.
    pub errors: Vec<DayCount>,
}

/// Days that the chart of what ends looks ahead.
pub const DAYS_AHEAD: i64 = 90;
/// Days that the chart of errors looks back.
pub const DAYS_BACK: i64 = 30;
/// A search counts so many tenants; of more it says that there are more.
pub const MOST_COUNTED: i64 = 10_000;

/// One page of the Authentication Status at the instant of `op`.
pub async fn overview(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    sort: Sort,
    place: &Place,
    limit: i64,
) -> Result<Overview, sqlx::Error> {
    let summary = store::summary(op, scope, filter).await?;
    let counts = &summary.tally.counts;
    let total = match filter.state {
        Some(state) => counts.get(&state).copied().unwrap_or(0),
        None => counts.values().sum(),
    };
    let page = store::page(op, scope, filter, sort, place, limit).await?;
    Ok(Overview {
        page,
        summary,
        total,
    })
}

/// What surrounds the list, without the list.
pub async fn summary(op: &mut Op, scope: Scope, filter: &Filter) -> Result<Summary, sqlx::Error> {
    store::summary(op, scope, filter).await
}

/// The rows after `place` without counts: what an export reads one piece after another.
pub async fn page(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    sort: Sort,
    place: &Place,
    limit: i64,
) -> Result<Slice<Row>, sqlx::Error> {
    store::page(op, scope, filter, sort, place, limit).await
}

/// One tenant's row; none when archived, absent or out of scope.
pub async fn one(op: &mut Op, scope: Scope, tenant: TenantId) -> Result<Option<Row>, sqlx::Error> {
    Ok(several(op, scope, &[tenant]).await?.remove(&tenant))
}

/// The rows of these tenants; archived, absent and those out of scope are left out.
pub async fn several(
    op: &mut Op,
    scope: Scope,
    tenants: &[TenantId],
) -> Result<BTreeMap<TenantId, Row>, sqlx::Error> {
    let rows = store::rows_of(op, scope, tenants).await?;
    Ok(rows.into_iter().map(|row| (row.tenant_id, row)).collect())
}

/// The worker's turn: derive by this instant from now on, settle what time alone has changed, and fold the counts. Gives how
/// many rows were settled.
pub async fn keep_status(pool: &PgPool, now: OffsetDateTime) -> Result<u64, sqlx::Error> {
    store::keep(pool, now).await
}

/// Take over what working refreshes moved on; gives how many rows were behind.
pub async fn freshen_status(pool: &PgPool) -> Result<i64, sqlx::Error> {
    store::freshen(pool).await
}
