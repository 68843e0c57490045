//! Alerts as they are shown, and how a reader narrows them.

use time::OffsetDateTime;
use uuid::Uuid;

use super::format::words;
use super::{Event, Severity, store};
use crate::domain::diagnosis::{Category, WhoActs};
use crate::domain::op::{Op, Scope};
use crate::storage::TenantId;

/// One alert.
#[derive(Clone, Debug)]
pub struct Alert {
    pub id: Uuid,
    /// None once the rule is gone.
    pub rule_id: Option<Uuid>,
    pub rule: String,
    /// None for what concerns the installation, such as an incident.
    pub tenant: Option<Subject>,
    pub incident_id: Option<Uuid>,
    pub event: Event,
    /// What it is about besides the tenant: an invitation, a registration.
    pub subject: String,
    pub cause: String,
    pub severity: Severity,
    /// When the trouble itself began.
    pub began_at: OffsetDateTime,
    pub opened_at: OffsetDateTime,
    pub closed_at: Option<OffsetDateTime>,
    pub closed_why: String,
    pub told_at: Option<OffsetDateTime>,
    pub snoozed_until: Option<OffsetDateTime>,
    pub snoozed_reason: String,
    pub snoozed_by: String,
    /// Messages so far.
    pub sequence: i32,
}

/// The tenant of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub id: TenantId,
    pub short_name: String,
    pub full_name: String,
    /// Whose Auth URL a technician may copy.
    pub open_invitation: Option<Uuid>,
}

/// What is wanted; everything that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Some(true): open; some(false): over.
    pub open: Option<bool>,
    pub tenant: Option<TenantId>,
    pub event: Option<Event>,
    pub severity: Option<Severity>,
    /// Some(true): snoozed at this instant; some(false): not.
    pub snoozed: Option<bool>,
    /// The page begins after this one: instant of opening and id.
    pub after: Option<(OffsetDateTime, Uuid)>,
    /// How many at most; none: 50.
    pub limit: Option<i64>,
}

/// How many are open.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    /// Each severity, the least first.
    pub by_severity: [(Severity, i64); 3],
    /// Of all these.
    pub snoozed: i64,
}

impl Open {
    pub fn all(&self) -> i64 {
        self.by_severity.iter().map(|(_, count)| count).sum()
    }
}

impl Alert {
    /// Snoozed at this instant.
    pub fn is_snoozed(&self, now: OffsetDateTime) -> bool {
        self.snoozed_until.is_some_and(|until| until > now)
    }

    pub const fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }

    /// What a failure was read as, of events that have one.
    pub fn category(&self) -> Option<Category> {
        Category::ALL
            .into_iter()
            .find(|one| one.as_str() == self.cause)
    }

    /// Whose turn it is, of events that have a cause. An authorisation that ended wants a person, also of a cause that a renewal
    /// would outlive.
    pub fn who_acts(&self) -> Option<WhoActs> {
        let usual = self.category()?.usual_who();
        let is_dead = self.event == Event::Expired;
        Some(match usual {
            WhoActs::Nobody if is_dead => WhoActs::CustomerUser,
            who => who,
        })
    }

    /// The cause in a few words; empty when there is nothing to say.
    pub fn cause_words(&self) -> String {
        words::cause(self)
    }
}

/// The alerts within `scope`, the newest first.
pub async fn list(op: &mut Op, scope: Scope, filter: &Filter) -> Result<Vec<Alert>, sqlx::Error> {
    store::alerts::page(op, scope, filter).await
}

/// One alert; none when absent or out of scope.
pub async fn get(op: &mut Op, scope: Scope, id: Uuid) -> Result<Option<Alert>, sqlx::Error> {
    if store::alerts::is_within(op, scope, id).await? {
        Ok(store::alerts::by_ids(op, &[id]).await?.pop())
    } else {
        Ok(None)
    }
}

/// The same, by the name that neighbours use.
pub async fn find(op: &mut Op, scope: Scope, id: Uuid) -> Result<Option<Alert>, sqlx::Error> {
    get(op, scope, id).await
}

/// How many are open within `scope`.
pub async fn count_open(op: &mut Op, scope: Scope) -> Result<Open, sqlx::Error> {
    store::alerts::count_open(op, scope).await
}
