//! The Authentication Status read model: one row per tenant that is not archived, counts per state, filters and order.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::standing::Mode;
use super::state::{ExpiryReason, PendingReason, ShownState};
use super::store;
use crate::domain::diagnosis::{Category, WhoActs, entry};
use crate::domain::op::{Op, Scope};
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

/// Which connections a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeFilter {
    Connected(Mode),
    /// Without a current connection.
    None,
}

impl ModeFilter {
    pub const ALL: [Self; 3] = [
        Self::Connected(Mode::AuthToken),
        Self::Connected(Mode::AppOnly),
        Self::None,
    ];

    /// The word in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected(mode) => mode.as_str(),
            Self::None => "none",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Connected(mode) => mode.label(),
            Self::None => "None",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}

/// Which tenants a list shows; the default shows all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub state: Option<ShownState>,
    pub cause: Option<Category>,
    pub mode: Option<ModeFilter>,
    pub tag: Option<String>,
    /// Part of a name, domain or administrator; empty for all.
    pub search: String,
}

/// What a list can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    ShortName,
    FullName,
    Mode,
    Admin,
    State,
    Cause,
    Since,
    Tokens,
    NextExpiry,
    LastSuccess,
    LastError,
}

impl Column {
    pub const ALL: [Self; 11] = [
        Self::ShortName,
        Self::FullName,
        Self::Mode,
        Self::Admin,
        Self::State,
        Self::Cause,
        Self::Since,
        Self::Tokens,
        Self::NextExpiry,
        Self::LastSuccess,
        Self::LastError,
    ];

    /// The word in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ShortName => "tenant",
            Self::FullName => "name",
            Self::Mode => "mode",
            Self::Admin => "admin",
            Self::State => "state",
            Self::Cause => "cause",
            Self::Since => "since",
            Self::Tokens => "tokens",
            Self::NextExpiry => "expiry",
            Self::LastSuccess => "success",
            Self::LastError => "error",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.as_str() == word)
    }
}

/// The order of a list; ties go by short name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    pub column: Column,
    pub descending: bool,
}

impl Default for Sort {
    /// The most urgent first.
    fn default() -> Self {
        Self {
            column: Column::State,
            descending: false,
        }
    }
}

/// One page of the list, with what surrounds it.
#[derive(Clone, Debug)]
pub struct Overview {
    pub rows: Vec<Row>,
    /// Tenants per state under every filter but that of the state; absent states have none.
    pub counts: BTreeMap<ShownState, i64>,
    /// Tenants under the whole filter.
    pub total: i64,
}

/// One page of the Authentication Status at the instant of `op`.
pub async fn overview(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    sort: Sort,
    limit: i64,
    offset: i64,
) -> Result<Overview, sqlx::Error> {
    let counts = store::counts(op, scope, filter).await?;
    let total = match filter.state {
        Some(state) => counts.get(&state).copied().unwrap_or(0),
        None => counts.values().sum(),
    };
    let rows = store::rows(op, scope, filter, sort, limit, offset).await?;
    Ok(Overview {
        rows,
        counts,
        total,
    })
}

/// One tenant's row; none when archived, absent or out of scope.
pub async fn one(op: &mut Op, scope: Scope, tenant: TenantId) -> Result<Option<Row>, sqlx::Error> {
    store::row(op, scope, tenant).await
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

/// The causes that some current connection has, for the filter.
pub async fn causes(op: &mut Op, scope: Scope) -> Result<Vec<Category>, sqlx::Error> {
    store::causes(op, scope).await
}
