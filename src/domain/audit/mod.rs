//! What was done, by whom; append only. An entry is written in the transaction of the act it tells of, so that neither
//! exists without the other.

mod details;
mod event;
mod log;
mod store;
mod store_log;
mod written;

use serde_json::{Map, Value};

use uuid::Uuid;

use super::op::Op;
use crate::storage::TenantId;

pub use details::permitted_value;
pub use event::{Chain, Concerned, Event, Filter, From, Page, RENEWAL};
pub use log::{actions, chain, find, is_actor, list, whole};
pub use written::{NotWritten, is_not_written};

/// How an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Denied,
    Failed,
}

impl Outcome {
    pub const ALL: [Self; 3] = [Self::Done, Self::Denied, Self::Failed];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// One act to be written down: `audit::Entry::new("tenant.suspended").tenant(id).detail("reason", reason).write(op)`.
#[derive(Debug)]
pub struct Entry {
    action: &'static str,
    tenant: Option<TenantId>,
    object_type: &'static str,
    object_id: String,
    outcome: Outcome,
    details: Map<String, Value>,
}

impl Entry {
    /// An act that was done; `action` is `object.verb in the past`, e.g. `invitation.revoked`.
    pub fn new(action: &'static str) -> Self {
        Self {
            action,
            tenant: None,
            object_type: "",
            object_id: String::new(),
            outcome: Outcome::Done,
            details: Map::new(),
        }
    }

    /// The tenant that the act concerns.
    #[must_use]
    pub fn tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// What was acted upon, e.g. `("invitation", id)`.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "ids are Copy; a reference would only add noise to callers"
    )]
    pub fn object(mut self, kind: &'static str, id: impl ToString) -> Self {
        self.object_type = kind;
        self.object_id = id.to_string();
        self
    }

    /// How it ended, when it was not done.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// One typed fact, by a word of the list in `details`. Never a secret, a link or a body.
    #[must_use]
    pub fn detail(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// Write the entry in the transaction of the act; if it cannot be written the act must fail.
    pub async fn write(self, op: &mut Op) -> Result<(), sqlx::Error> {
        written::or_not(store::insert(op, self).await)
    }

    /// The same entry for each of many tenants, with what of each was acted upon.
    pub async fn write_each(
        self,
        op: &mut Op,
        object_type: &'static str,
        objects: &[(TenantId, Uuid)],
    ) -> Result<(), sqlx::Error> {
        written::or_not(store::insert_each(op, self, object_type, objects).await)
    }
}
