//! How long tokens may live, as the tenant's own policies say, and when the next renewal is due. Read at Graph by the keeper
//! and kept with the instant; nothing here asks Microsoft.

use serde::Deserialize;
use time::OffsetDateTime;

use super::store;
use crate::domain::op::{Op, Scope};
use crate::storage::TenantId;

/// What reading the policies came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Read,
    /// `Policy.Read.All` was not granted, or the account lacks a role.
    NotPermitted,
    /// There was no token for Graph to ask with.
    NoToken,
    /// Graph did not answer as expected.
    NoAnswer,
}

/// What was seen last.
#[derive(Clone, Debug)]
pub struct Observed {
    pub outcome: Outcome,
    pub at: OffsetDateTime,
    /// Empty unless read.
    pub policies: Vec<LifetimePolicy>,
    /// Whether it could be seen which of them are assigned to our application.
    pub assignment_known: bool,
}

/// One token lifetime policy of the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LifetimePolicy {
    pub name: String,
    /// It holds for every application without one of its own.
    pub organization_default: bool,
    /// It is assigned to our application.
    pub assigned: bool,
    /// Seconds that access tokens live; none when it says nothing about them.
    pub access_token_s: Option<i64>,
    /// False: its definition is not understood.
    pub readable: bool,
}

/// What was seen of the tenant's policies; none when nobody has looked yet.
pub async fn lifetime_policies(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<Observed>, sqlx::Error> {
    store::lifetime_policies(op, scope, tenant).await
}

/// When the keeper renews the tenant's tokens next; none when nothing is scheduled.
pub async fn next_refresh(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    store::next_refresh(op, scope, tenant).await
}
