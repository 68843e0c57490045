//! An access token for somebody who needs one now: a script over the API, or a check of our own. Never a refresh token.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Actor, Text};

/// What is needed, by whom and why.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub tenant_id: Uuid,
    /// `graph`, `exchange`, `teams` or `azure`; one of the tenant's resource set.
    pub resource: String,
    /// Life that the token must still have, seconds; at least five minutes are given.
    pub min_ttl_s: u64,
    /// The `WWW-Authenticate` header with which the resource refused the last token (`insufficient_claims`), or its
    /// encoded claims: the new token will carry what was asked for.
    pub challenge: Option<Text>,
    /// Kept in the audit log; empty when none was given.
    pub reason: String,
    pub actor: Actor,
}

/// The token.
#[derive(Debug, Serialize, Deserialize)]
pub struct HandedOut {
    pub access_token: Text,
    pub expires_at: OffsetDateTime,
}
