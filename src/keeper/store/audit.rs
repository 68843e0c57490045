//! `audit_events`, written in the transaction of the act.

use serde_json::Value;
use sqlx::PgExecutor;
use time::OffsetDateTime;

use crate::domain::audit::permitted_value;
use crate::keeper::message::Actor;
use crate::storage::TenantId;

/// An entry. `details` holds ids, codes and names of accounts, never a secret or a body.
pub struct Entry<'a> {
    pub tenant_id: Option<TenantId>,
    pub actor: &'a Actor,
    pub action: &'static str,
    pub object_type: &'static str,
    pub object_id: String,
    /// `done`, `denied` or `failed`.
    pub result: &'static str,
    pub details: Value,
}

impl Actor {
    /// The keeper acting by itself.
    pub fn keeper() -> Self {
        Self {
            kind: "keeper".into(),
            id: None,
            name: "keeper".into(),
            ip: String::new(),
        }
    }

    /// The customer's administrator in a browser.
    pub fn customer(name: &str, ip: &str) -> Self {
        Self {
            kind: "customer".into(),
            id: None,
            name: name.into(),
            ip: ip.into(),
        }
    }
}

pub async fn insert(
    db: impl PgExecutor<'_>,
    entry: Entry<'_>,
    at: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into audit_events (at, tenant_id, actor_type, actor_id, actor_name, ip, action, object_type, object_id,
           result, details, key_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        at,
        entry.tenant_id.map(TenantId::as_uuid),
        entry.actor.kind,
        entry.actor.id,
        entry.actor.name,
        entry.actor.ip,
        entry.action,
        entry.object_type,
        entry.object_id,
        entry.result,
        permitted_value(entry.details),
        entry.actor.id.filter(|_| entry.actor.kind == "key"),
    )
    .execute(db)
    .await?;
    Ok(())
}
