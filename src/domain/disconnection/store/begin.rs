//! The stop of hand-out. Invitations and sign-ins end before the standings do, so that a sign-in that completes at the same
//! time either is seen or finds its invitation ended.

use uuid::Uuid;

use crate::domain::op::{Actor, Op, Scope};
use crate::storage::{TechnicianId, TenantId};

/// Hold the tenant, so that of two who ask at once the second sees the first; false when it is not there.
pub async fn hold_tenant(op: &mut Op, scope: Scope, tenant: TenantId) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar!(
        r#"select true as "there!" from tenants where id = $1 and ($2::uuid is null or id = $2)
          and ($3::uuid is null or exists (select from technician_tenants g
            where g.technician_id = $3 and g.tenant_id = tenants.id))
          for no key update"#,
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await?;
    Ok(found.is_some())
}

/// False when there is one and nothing was connected, invited or tried since; but keys may be destroyed once it is done, unless
/// the last one did and nobody was invited since.
pub async fn insert(
    op: &mut Op,
    tenant: TenantId,
    id: Uuid,
    delete_everything: bool,
) -> Result<bool, sqlx::Error> {
    let (by, name) = asker(op);
    let now = op.now();
    let done = sqlx::query!(
        "with last as (
           select started_at, delete_everything, connection_id from disconnections
           where tenant_id = $1 order by started_at desc, id desc limit 1)
         insert into disconnections (tenant_id, id, delete_everything, asked_by, asked_by_name, started_at, next_at)
         select $1, $2, $3, $4, $5, $6, $6
         where not exists (select from last)
           or exists (select from connections where tenant_id = $1 and state <> 'revoked')
           or exists (select from invitations where tenant_id = $1 and state = 'open')
           or exists (select from connections c join last on last.connection_id is null or c.obtained_at > last.started_at
             where c.tenant_id = $1)
           or exists (select from app_only_trials t join last on t.state = 'trying' or t.created_at > last.started_at
             where t.tenant_id = $1)
           or $3 and not exists (select from disconnections where tenant_id = $1 and step <> 'done')
             and exists (select from last where not delete_everything
               or exists (select from invitations i where i.tenant_id = $1 and i.created_at > last.started_at))",
        tenant.as_uuid(),
        id,
        delete_everything,
        by.map(TechnicianId::as_uuid),
        name,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn is_running(op: &mut Op, tenant: TenantId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from disconnections where tenant_id = $1 and step <> 'done') as "running!""#,
        tenant.as_uuid(),
    )
    .fetch_one(op.db())
    .await
}

/// Who asks, as shown afterwards.
pub fn asker(op: &Op) -> (Option<TechnicianId>, String) {
    match op.actor() {
        Actor::Technician { id, email, .. } => (Some(*id), email.clone()),
        Actor::Key { owner, name, .. } => (Some(*owner), name.clone()),
        Actor::Worker(name) | Actor::Command(name) => (None, (*name).to_owned()),
        Actor::Customer { .. } | Actor::Visitor { .. } => (None, String::new()),
    }
}

/// End the open invitations of one disconnection's tenant, or of all of a plug, and every sign-in under way. Gives how many
/// invitations there were.
pub async fn end_invitations(
    op: &mut Op,
    disconnection: Option<Uuid>,
    plug: Option<Uuid>,
) -> Result<i64, sqlx::Error> {
    let now = op.now();
    let ended = sqlx::query!(
        "update invitations i set state = 'revoked', ended_at = $3
         from disconnections d
         where (d.id = $1 or d.plug_id = $2) and i.tenant_id = d.tenant_id and i.state = 'open'",
        disconnection,
        plug,
        now,
    )
    .execute(op.db())
    .await?;
    sqlx::query!(
        "update onboarding_flows f set state = 'superseded', oauth_state_hash = null, next_poll_at = null, updated_at = $3
         from disconnections d
         where (d.id = $1 or d.plug_id = $2) and f.tenant_id = d.tenant_id
           and f.state not in ('complete', 'held', 'failed', 'superseded')",
        disconnection,
        plug,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(i64::try_from(ended.rows_affected()).unwrap_or(i64::MAX))
}

/// End the standings; the one thing about connections that the portal may do by itself.
pub async fn stop(
    op: &mut Op,
    disconnection: Option<Uuid>,
    plug: Option<Uuid>,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!("select stop_hand_out($1, $2, $3)", disconnection, plug, now)
        .fetch_one(op.db())
        .await?;
    Ok(())
}
