//! SQL of the audit log: an insert and nothing else.

use uuid::Uuid;

use super::{Entry, Op, details};
use crate::domain::op::Actor;
use crate::storage::TenantId;

pub(super) async fn insert(op: &mut Op, entry: Entry) -> Result<(), sqlx::Error> {
    let (kind, id, name, ip) = actor(op);
    let (now, request_id) = (op.now(), op.request_id().to_owned());
    sqlx::query!(
        "insert into audit_events (at, tenant_id, actor_type, actor_id, actor_name, ip, action, object_type, object_id,
           result, request_id, details, key_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        now,
        entry.tenant.map(TenantId::as_uuid),
        kind,
        id,
        name,
        ip,
        entry.action,
        entry.object_type,
        entry.object_id,
        entry.outcome.as_str(),
        request_id,
        serde_json::Value::Object(details::permitted(entry.details)),
        key_of(op),
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn insert_each(
    op: &mut Op,
    entry: Entry,
    object_type: &str,
    objects: &[(TenantId, Uuid)],
) -> Result<(), sqlx::Error> {
    let (kind, id, name, ip) = actor(op);
    let (now, request_id) = (op.now(), op.request_id().to_owned());
    let tenants: Vec<Uuid> = objects.iter().map(|(tenant, _)| tenant.as_uuid()).collect();
    let ids: Vec<Uuid> = objects.iter().map(|(_, id)| *id).collect();
    sqlx::query!(
        "insert into audit_events (at, tenant_id, actor_type, actor_id, actor_name, ip, action, object_type, object_id,
           result, request_id, details, key_id)
         select $1, o.tenant_id, $2, $3, $4, $5, $6, $7, o.id::text, $8, $9, $10, $13
         from unnest($11::uuid[], $12::uuid[]) as o (tenant_id, id)",
        now,
        kind,
        id,
        name,
        ip,
        entry.action,
        object_type,
        entry.outcome.as_str(),
        request_id,
        serde_json::Value::Object(details::permitted(entry.details)),
        &tenants,
        &ids,
        key_of(op),
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// The API key that is used, if one is.
fn key_of(op: &Op) -> Option<Uuid> {
    match op.actor() {
        Actor::Key { id, .. } => Some(id.as_uuid()),
        _ => None,
    }
}

/// Kind, id, name and address of who acts.
fn actor(op: &Op) -> (&'static str, Option<Uuid>, String, String) {
    match op.actor().clone() {
        Actor::Technician { id, email, ip } => ("technician", Some(id.as_uuid()), email, ip),
        Actor::Key { id, name, ip, .. } => ("key", Some(id.as_uuid()), name, ip),
        Actor::Customer { ip } => ("customer", None, "invitation link".to_owned(), ip),
        Actor::Visitor { ip } => ("visitor", None, "visitor".to_owned(), ip),
        Actor::Worker(name) => ("worker", None, name.to_owned(), String::new()),
        Actor::Command(name) => ("command", None, name.to_owned(), String::new()),
    }
}
