//! Master keys, as far as a keeper speaks of them: ids and counts, never a key.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// What may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Read the master keys from their source again, now. Answer: [`Reply::Reloaded`] or [`Reply::Kept`].
    Reload,
    /// Answer: [`Reply::Status`].
    Status,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    Reloaded {
        primary: String,
    },
    /// The keys in use are kept, because those of the source cannot be used.
    Kept {
        why: String,
    },
    Status {
        masters: Vec<Master>,
    },
}

/// One master key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Master {
    pub id: String,
    /// The source gives it.
    pub is_at_hand: bool,
    /// It wraps new data keys.
    pub is_primary: bool,
    /// Data keys that it wraps, canaries apart.
    pub data_keys: i64,
    pub canary: Canary,
    /// When it was taken out of use for good.
    pub retired_at: Option<OffsetDateTime>,
}

/// The proof that a key is the right one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Canary {
    Opens,
    /// It does not open, for this reason.
    Shut(String),
    /// The key was rotated out: nothing of it is left to open.
    Over,
    /// It never wrapped anything.
    None,
}
