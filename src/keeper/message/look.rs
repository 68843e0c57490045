//! Looking closer at what a tenant has, without changing it: what an access token says of itself, and how long the
//! tenant lets tokens live. No token leaves: of a token the claims do, without its signature.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Actor;

/// A question.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// What the stored access token of a resource says. Answer: [`Answer::Token`].
    Token {
        tenant_id: Uuid,
        /// `graph`, `exchange`, `teams` or `azure`.
        resource: String,
        actor: Actor,
    },
    /// Read the tenant's token lifetime policies and keep them in `lifetime_policies`. Answer: [`Answer::Policies`].
    Policies { tenant_id: Uuid, actor: Actor },
}

/// An answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Answer {
    Token(Token),
    /// `read`, `not_permitted`, `no_token` or `no_answer`.
    Policies {
        outcome: String,
    },
}

/// An access token without itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Token {
    pub acquired_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    /// Header and claims, with values masked that identify nothing to people; none when the token is opaque.
    pub parts: Option<Parts>,
}

/// What stands before the signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    pub header: Map<String, Value>,
    pub claims: Map<String, Value>,
}
