//! Many hand-outs at once, of tokens that are stored and still live: all of them in one transaction with their audit entries.
//! What needs anything else (a refresh, a diagnosis, a word to whoever asks) is asked for by itself ([`super::hand_out`]).

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Text;

/// One hand-out to an API key. The portal has seen the key's secret; that the key still works, reaches the tenant and has calls
/// left is decided where the audit entry is written, in the same transaction.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(Default))]
#[serde(deny_unknown_fields)]
pub struct Quick {
    pub key_id: Uuid,
    /// The key as the portal knows it; a changed one is not this one.
    pub key_version: i64,
    /// The tenant by its id, or by its short name.
    pub tenant_id: Option<Uuid>,
    pub short_name: Option<String>,
    pub resource: String,
    pub min_ttl_s: u64,
    pub reason: String,
    /// The key as the audit log names it.
    pub name: String,
    pub ip: String,
    pub request_id: String,
    /// What the key and the tenant bear in a minute.
    pub calls: i32,
    pub hand_outs: i32,
    pub tenant_hand_outs: i32,
}

/// What became of one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuickReply {
    Given {
        access_token: Text,
        expires_at: OffsetDateTime,
        tenant_id: Uuid,
        short_name: String,
        /// Hand-outs of this key in this minute, this one with them.
        used: i32,
    },
    /// It is to be asked for by itself; nothing was counted or written.
    NotQuick,
    /// All is well but the token, which must be refreshed first; nothing was counted or written.
    Stale { tenant_id: Uuid },
    /// The key's calls of the minute are used up; it was counted.
    CallsFull { used: i32 },
    /// The key's hand-outs of the minute are used up; it was counted.
    KeyFull { used: i32 },
    /// The minute of the tenant is used up; it was counted.
    TenantFull { used: i32 },
}
