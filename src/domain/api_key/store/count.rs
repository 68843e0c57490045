//! What is counted of a key's use, by the minute, and which tenants it was given tokens of.

use time::OffsetDateTime;

use crate::domain::op::Op;
use crate::storage::{ApiKeyId, TenantId};

/// One call more in this minute; how many it has with it.
pub(in crate::domain::api_key) async fn count_call(
    op: &mut Op,
    id: ApiKeyId,
    ip: &str,
    minute: OffsetDateTime,
) -> Result<i32, sqlx::Error> {
    let now = op.now();
    sqlx::query_scalar!(
        "insert into api_key_uses as u (key_id, minute, calls, hand_outs, uses, last_used_at, last_ip)
         values ($1, $2, 1, 0, 1, $3, $4)
         on conflict (key_id) do update set
           minute = $2, calls = case when u.minute = $2 then u.calls + 1 else 1 end,
           hand_outs = case when u.minute = $2 then u.hand_outs else 0 end,
           uses = u.uses + 1, last_used_at = $3, last_ip = $4
         returning calls",
        id.as_uuid(),
        minute,
        now,
        ip,
    )
    .fetch_one(op.db())
    .await
}

/// One hand-out more of this key in this minute; how many it has with it.
pub(in crate::domain::api_key) async fn count_hand_out(
    op: &mut Op,
    id: ApiKeyId,
    minute: OffsetDateTime,
) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(
        "update api_key_uses set hand_outs = case when minute = $2 then hand_outs + 1 else 1 end, minute = $2,
           calls = case when minute = $2 then calls else 0 end
         where key_id = $1 returning hand_outs",
        id.as_uuid(),
        minute,
    )
    .fetch_one(op.db())
    .await
}

/// The same of a tenant, by whichever key.
pub(in crate::domain::api_key) async fn count_tenant_hand_out(
    op: &mut Op,
    tenant: TenantId,
    minute: OffsetDateTime,
) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(
        "insert into api_tenant_counts as c (tenant_id, minute, hand_outs) values ($1, $2, 1)
         on conflict (tenant_id) do update set minute = $2,
           hand_outs = case when c.minute = $2 then c.hand_outs + 1 else 1 end
         returning hand_outs",
        tenant.as_uuid(),
        minute,
    )
    .fetch_one(op.db())
    .await
}

/// True when this key was never given a token of this tenant before.
pub(in crate::domain::api_key) async fn note_tenant(
    op: &mut Op,
    id: ApiKeyId,
    tenant: TenantId,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "insert into api_key_tenants (tenant_id, key_id, first_at) values ($1, $2, $3) on conflict do nothing",
        tenant.as_uuid(),
        id.as_uuid(),
        now,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(in crate::domain::api_key) async fn new_tenants_since(
    op: &mut Op,
    id: ApiKeyId,
    since: OffsetDateTime,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from api_key_tenants where key_id = $1 and first_at > $2"#,
        id.as_uuid(),
        since,
    )
    .fetch_one(op.db())
    .await
}

/// Wait for whoever changes or counts this key, so that twenty at once are counted as twenty.
pub(in crate::domain::api_key) async fn lock(op: &mut Op, id: ApiKeyId) -> Result<(), sqlx::Error> {
    sqlx::query_scalar!(
        "select id from api_keys where id = $1 for update",
        id.as_uuid()
    )
    .fetch_optional(op.db())
    .await?;
    Ok(())
}

/// Whether the log says that the key was refused to this address after that instant.
pub(in crate::domain::api_key) async fn was_refused(
    op: &mut Op,
    id: ApiKeyId,
    ip: &str,
    since: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from audit_events where key_id = $1 and action = 'api_key.refused' and ip = $2 and at > $3)
             as "found!""#,
        id.as_uuid(),
        ip,
        since,
    )
    .fetch_one(op.db())
    .await
}
