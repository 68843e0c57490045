//! A tenant's life as kept: how its standing changed, whether access worked, and the story of acts and errors between the
//! changes. Reads what database and keeper wrote down; decides nothing about how a tenant stands now, which is
//! `domain::connection`'s.

mod calls;
mod lifetimes;
mod store;
mod story;
mod uptime;

use std::str::FromStr;

use time::OffsetDateTime;

use super::connection::ShownState;
use super::diagnosis::Category;
use super::op::{Op, Scope};
use crate::storage::{ConnectionId, TenantId};

pub use calls::{CALLS_KEPT, Call, CallFilter, CallOutcome, CallPage, CallPlace, calls};
pub use lifetimes::{LifetimePolicy, Observed, Outcome, lifetime_policies, next_refresh};
pub(in crate::domain) use store::spans_of_many;
pub use story::{Act, ActId, Chapter, Fold, Folded, Story, story};
pub use uptime::{Day, Measure, days, measure};

/// How a tenant stood for a while, as far as access goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kept {
    /// Access worked; also while an end was in sight.
    Valid,
    /// Paused by us.
    Suspended,
    Archived,
    /// Nobody had let us in.
    NotConnected,
    /// Microsoft's answers were transient or ambiguous: access worked while tokens lived.
    Retrying,
    /// Access was lost; a person was needed.
    Expired,
}

impl Kept {
    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Suspended => "suspended",
            Self::Archived => "archived",
            Self::NotConnected => "not_connected",
            Self::Retrying => "retrying",
            Self::Expired => "expired",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Archived => "Archived",
            Self::Valid => ShownState::Valid.label(),
            Self::Suspended => ShownState::Suspended.label(),
            Self::NotConnected => ShownState::NotConnected.label(),
            Self::Retrying => ShownState::Retrying.label(),
            Self::Expired => ShownState::Expired.label(),
        }
    }
}

/// A word that is no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such state")]
pub struct UnknownState;

impl FromStr for Kept {
    type Err = UnknownState;

    fn from_str(word: &str) -> Result<Self, UnknownState> {
        [
            Self::Valid,
            Self::Suspended,
            Self::Archived,
            Self::NotConnected,
            Self::Retrying,
            Self::Expired,
        ]
        .into_iter()
        .find(|state| state.as_str() == word)
        .ok_or(UnknownState)
    }
}

/// One state from its beginning to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub state: Kept,
    /// The grant in use; none while there was none.
    pub connection: Option<ConnectionId>,
    /// Of Retrying and Expired, when the keeper named one.
    pub cause: Option<Category>,
    pub since: OffsetDateTime,
    /// None: it lasts.
    pub until: Option<OffsetDateTime>,
    /// Of Retrying: when the first required access token held at its beginning ends; none when that is not known.
    pub access_until: Option<OffsetDateTime>,
    /// Not seen as it happened but concluded when the record began: what was before it is not known.
    pub concluded: bool,
}

/// The states of a tenant that touch the time after `from`, oldest first.
pub async fn spans(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    from: OffsetDateTime,
) -> Result<Vec<Span>, sqlx::Error> {
    store::spans(op, scope, tenant, from).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_a_day_is_the_greatest() {
        let mut states = [Kept::Expired, Kept::Valid, Kept::Retrying, Kept::Suspended];
        states.sort();
        assert_eq!(states.last(), Some(&Kept::Expired));
        assert_eq!(states.first(), Some(&Kept::Valid));
        for state in states {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("broken".parse::<Kept>().is_err());
    }
}
