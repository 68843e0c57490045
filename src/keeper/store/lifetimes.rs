//! `lifetime_policies`: what was seen of a tenant's token lifetime policies last.

use serde_json::Value;
use sqlx::PgExecutor;
use time::OffsetDateTime;

use crate::storage::{ConnectionId, TenantId};

/// What a look came to.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `read`, `not_permitted`, `no_token` or `no_answer`.
    pub outcome: &'static str,
    /// As the table keeps them.
    pub policies: Vec<Value>,
    pub assignment_known: bool,
}

impl Seen {
    pub fn nothing(outcome: &'static str) -> Self {
        Self {
            outcome,
            policies: Vec::new(),
            assignment_known: false,
        }
    }
}

pub async fn keep(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    seen: &Seen,
    at: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into lifetime_policies (tenant_id, outcome, policies, assignment_known, connection_id, observed_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id) do update set outcome = excluded.outcome, policies = excluded.policies,
           assignment_known = excluded.assignment_known, connection_id = excluded.connection_id,
           observed_at = excluded.observed_at",
        tenant_id.as_uuid(),
        seen.outcome,
        Value::Array(seen.policies.clone()),
        seen.assignment_known,
        connection_id.as_uuid(),
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}
