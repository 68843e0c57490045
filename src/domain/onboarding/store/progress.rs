//! SQL of what the keeper stored for a flow, as the portal shows it.

use super::super::progress::{Access, ResourceLine, Standing, TokenState};
use super::super::{Flow, Held};
use crate::domain::op::{Op, Scope};
use crate::storage::{ConnectionId, Inconsistent, TenantId};

/// The tenant's resource set with what the flow's connection holds of it.
pub(in super::super) async fn resource_lines(
    op: &mut Op,
    flow: &Flow,
) -> Result<Vec<ResourceLine>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select r.resource, r.required, coalesce(k.state, 'waiting') as "state!", coalesce(k.scopes, '{}') as "scopes!"
           from tenant_resources r
           left join tokens k on k.tenant_id = r.tenant_id and k.connection_id = $2 and k.resource = r.resource
           where r.tenant_id = $1"#,
        flow.tenant_id.as_uuid(),
        flow.connection_id.map(ConnectionId::as_uuid),
    )
    .fetch_all(op.db())
    .await?;
    let wrong = |table, column| Inconsistent::new(table, column, flow.tenant_id.as_uuid());
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        lines.push(ResourceLine {
            resource: row
                .resource
                .parse()
                .map_err(|_| wrong("tenant_resources", "resource"))?,
            required: row.required,
            state: TokenState::from_word(&row.state).ok_or(wrong("tokens", "state"))?,
            scopes: row.scopes,
        });
    }
    lines.sort_by_key(|line| line.resource);
    Ok(lines)
}

pub(in super::super) async fn access(
    op: &mut Op,
    flow: &Flow,
) -> Result<Option<Access>, sqlx::Error> {
    let row = sqlx::query!(
        "select admin_username, admin_name, obtained_at, state from connections where tenant_id = $1 and id = $2",
        flow.tenant_id.as_uuid(),
        flow.connection_id.map(ConnectionId::as_uuid),
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(|row| Access {
        admin_username: row.admin_username,
        admin_name: row.admin_name,
        obtained_at: row.obtained_at,
        standing: Standing::from_state(&row.state),
    }))
}

pub(in super::super) async fn held(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Vec<Held>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select c.id, c.admin_username, c.admin_name, c.entra_tenant_id, c.obtained_at,
             coalesce(i.expected_admin, '') as "expected_admin!", coalesce(i.reference, '') as "reference!",
             coalesce((select f.ip from onboarding_flows f
                       where f.tenant_id = c.tenant_id and f.connection_id = c.id
                       order by f.created_at desc limit 1), '') as "ip!"
           from connections c
           left join invitations i on i.tenant_id = c.tenant_id and i.id = c.invitation_id
           where c.tenant_id = $1 and ($2::uuid is null or c.tenant_id = $2)
             and ($3::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $3 and g.tenant_id = c.tenant_id))
             and c.state = 'pending' and c.pending_reason = 'awaiting_confirmation'
           order by c.obtained_at desc"#,
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Held {
            connection_id: row.id.into(),
            username: row.admin_username,
            name: row.admin_name,
            entra_tenant_id: row.entra_tenant_id,
            expected_admin: row.expected_admin,
            reference: row.reference,
            ip: row.ip,
            at: row.obtained_at,
        })
        .collect())
}
