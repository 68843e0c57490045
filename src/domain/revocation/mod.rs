//! What was revoked, as it is written outside the database: so that a restored backup can be told what it does not know. The
//! database's triggers note every revocation; a worker brings them into the file; a restore reads them back.

mod export;
mod log;
mod store;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

pub use export::{ExportError, export};
pub use log::{LogError, read};
pub(super) use store::{import, newest_exported};

/// One revocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    pub id: Uuid,
    /// By the database's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// One of [`KINDS`].
    pub kind: String,
    /// The ids of what was revoked, and what else is needed to revoke it again.
    pub what: serde_json::Value,
}

/// Every kind that the triggers note. For each a step of [`crate::domain::restoration`] or of the keeper revokes again.
pub const KINDS: [&str; 13] = [
    // A grant of a customer ended: disconnected, replaced, refused.
    "connection",
    // "Disconnect" was begun, of one tenant or of all.
    "disconnection",
    // A data key was destroyed because everything of its tenant was to be deleted.
    "data_key",
    "invitation",
    // A tenant was suspended or archived.
    "tenant",
    // A technician was disabled or removed.
    "technician",
    // A technician got a lesser role.
    "role",
    // A technician was limited to some tenants, or to others.
    "limit",
    // A technician's password was changed or taken away.
    "password",
    // A technician's passkey or authenticator app was removed.
    "factor",
    // An account of the provider of single sign-on was untied from its technician.
    "sign_on",
    // A credential of an app registration was retired or removed.
    "credential",
    // An API key was changed in any way: revoked, suspended, rotated, narrowed or widened.
    "api_key",
];
