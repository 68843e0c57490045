//! Entries as they are read again, and how a reader narrows the list.

use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Outcome;
use crate::storage::TenantId;

/// What renews tokens writes nearly all entries; lists leave it aside unless somebody asks.
pub const RENEWAL: &str = "token.refresh";

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The newest has the highest.
    pub id: i64,
    pub at: OffsetDateTime,
    /// The tenant that the act concerned, with its names now; none for acts of the installation.
    pub tenant: Option<Concerned>,
    /// `technician`, `customer`, `visitor`, `keeper`, `worker`, `command` or `key`.
    pub actor_type: String,
    pub actor_id: Option<Uuid>,
    pub actor: String,
    pub ip: String,
    /// API key that was used.
    pub key_id: Option<Uuid>,
    pub action: String,
    pub object_type: String,
    pub object_id: String,
    /// `done`, `denied` or `failed`.
    pub result: String,
    pub request_id: String,
    pub details: Value,
    /// Its number in the chain; none while it waits to be sealed.
    pub seal: Option<i64>,
}

/// A tenant of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concerned {
    pub id: Uuid,
    /// Empty when the tenant is no longer there.
    pub short_name: String,
    pub full_name: String,
}

/// What is wanted; everything that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The actor's name, whole.
    pub actor: Option<String>,
    pub action: Option<String>,
    pub tenant: Option<TenantId>,
    pub outcome: Option<Outcome>,
    pub from: Option<OffsetDateTime>,
    /// The first instant that is not wanted any more.
    pub until: Option<OffsetDateTime>,
    /// Part of the object or the details; empty: any.
    pub text: String,
    /// Renewals of tokens too.
    pub renewals: bool,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Newest,
    OlderThan(i64),
    NewerThan(i64),
}

/// Entries, newest first, and whether there is more on either side.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub events: Vec<Event>,
    pub newer: bool,
    pub older: bool,
}

/// How the chain stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// Rows that are sealed.
    pub seq: i64,
    /// Rows that wait for their seal; counted up to ten thousand.
    pub waiting: i64,
    /// Number of the last checkpoint and the row it vouches for; 0 before the first.
    pub checkpoint: i64,
    pub checkpoint_seq: i64,
    /// By the database's clock; none before the first.
    pub checkpoint_at: Option<OffsetDateTime>,
    pub checkpoint_age_s: Option<f64>,
}
