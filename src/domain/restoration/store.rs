//! SQL of the portal's steps, and of `restores` and `restore_steps`.

use serde_json::Value;
use uuid::Uuid;

use super::{Found, Origin, Step};
use crate::domain::op::Op;

/// A fleet takes longer than a page.
pub(super) async fn take_time(op: &mut Op) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"select set_config('statement_timeout', '10min', true) as "set!", set_config('lock_timeout', '20s', true) as "also!""#
    )
    .fetch_one(op.db())
    .await?;
    Ok(())
}

pub(super) async fn end_others(op: &mut Op) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update restores set ended_at = $1 where ended_at is null",
        now
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn insert(
    op: &mut Op,
    id: Uuid,
    origin: Option<Origin>,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "insert into restores (id, backup_id, backup_taken_at, began_at) values ($1, $2, $3, $4)",
        id,
        origin.map(|origin| origin.backup),
        origin.map(|origin| origin.taken_at),
        now
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn unfinished(op: &mut Op) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select id from restores where ended_at is null order by began_at desc limit 1"
    )
    .fetch_optional(op.db())
    .await
}

pub(super) async fn origin(op: &mut Op, id: Uuid) -> Result<Option<Origin>, sqlx::Error> {
    let row = sqlx::query!(
        "select backup_id, backup_taken_at from restores where id = $1",
        id
    )
    .fetch_one(op.db())
    .await?;
    Ok(row
        .backup_id
        .zip(row.backup_taken_at)
        .map(|(backup, taken_at)| Origin { backup, taken_at }))
}

pub(super) async fn is_live(op: &mut Op) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select exists (select from installation_state) as "live!""#)
        .fetch_one(op.db())
        .await
}

pub(super) async fn done(op: &mut Op, id: Uuid) -> Result<Vec<(String, Value)>, sqlx::Error> {
    let rows = sqlx::query!(
        "select step, found from restore_steps where restore_id = $1 order by done_at",
        id
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows.into_iter().map(|row| (row.step, row.found)).collect())
}

pub(super) async fn note(
    op: &mut Op,
    id: Uuid,
    step: Step,
    found: &Found,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "insert into restore_steps (restore_id, step, done_at, found) values ($1, $2, $3, $4)",
        id,
        step.as_str(),
        now,
        Value::Object(found.clone())
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// From here on the installation serves.
pub(super) async fn finish(op: &mut Op, id: Uuid) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!("update restores set ended_at = $2 where id = $1", id, now)
        .execute(op.db())
        .await?;
    sqlx::query!(
        "insert into installation_state (live_since) values ($1)",
        now
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn delete_sessions(op: &mut Op) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!("delete from login_sessions")
        .execute(op.db())
        .await?;
    Ok(done.rows_affected())
}

pub(super) async fn delete_links(op: &mut Op) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!("delete from technician_links where used_at is null")
        .execute(op.db())
        .await?;
    Ok(done.rows_affected())
}

pub(super) async fn close_invitations(op: &mut Op) -> Result<u64, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update invitations set state = 'revoked', ended_at = $1 where state = 'open'",
        now
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

pub(super) async fn close_flows(op: &mut Op) -> Result<u64, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update onboarding_flows
         set state = 'superseded', oauth_state_hash = null, next_poll_at = null, updated_at = $1
         where state not in ('complete', 'held', 'failed', 'superseded')",
        now
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

pub(super) async fn disable_technicians(op: &mut Op, restore: Uuid) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "update technicians t set state = 'disabled'
         from (select distinct (what ->> 'id')::uuid as id from revocations
               where restore_id = $1 and kind = 'technician') r
         where t.id = r.id and t.state <> 'disabled'",
        restore
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

/// To the least of the roles that they were given since.
pub(super) async fn demote_technicians(op: &mut Op, restore: Uuid) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "with ranks as (select array['owner', 'admin', 'technician', 'viewer'] as roles),
           least as (
             select (what ->> 'id')::uuid as id, max(array_position(roles, what ->> 'role')) as place
             from revocations, ranks where restore_id = $1 and kind = 'role' group by 1
           )
         update technicians t set role = ranks.roles[least.place]
         from least, ranks
         where t.id = least.id and array_position(ranks.roles, t.role) < least.place",
        restore
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

/// By the last rule that they were given since.
pub(super) async fn limit_technicians(op: &mut Op, restore: Uuid) -> Result<u64, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "insert into technician_limits as l (technician_id, kind, tags, tenants, updated_at)
         select distinct on (t.id) t.id, r.what ->> 'kind',
           array(select jsonb_array_elements_text(r.what -> 'tags')),
           array(select jsonb_array_elements_text(r.what -> 'tenants'))::uuid[], $2
         from revocations r join technicians t on t.id = (r.what ->> 'technician_id')::uuid
         where r.restore_id = $1 and r.kind = 'limit'
         order by t.id, r.at desc
         on conflict (technician_id) do update
         set kind = excluded.kind, tags = excluded.tags, tenants = excluded.tenants, updated_at = excluded.updated_at",
        restore,
        now
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

pub(super) async fn end_passwords(op: &mut Op, restore: Uuid) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "update technicians t set password_hash = null
         from (select distinct (what ->> 'id')::uuid as id from revocations
               where restore_id = $1 and kind = 'password') r
         where t.id = r.id and t.password_hash is not null",
        restore
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

pub(super) async fn remove_factors(op: &mut Op, restore: Uuid) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "delete from technician_factors f using revocations r
         where r.restore_id = $1 and r.kind = 'factor' and f.id = (r.what ->> 'id')::uuid",
        restore
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

/// The tie that was there then; one that was tied anew since is another.
pub(super) async fn untie(op: &mut Op, restore: Uuid) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "delete from technician_sign_ons s using revocations r
         where r.restore_id = $1 and r.kind = 'sign_on' and s.technician_id = (r.what ->> 'technician_id')::uuid
           and s.linked_at = (r.what ->> 'linked_at')::timestamptz",
        restore
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

/// All of them, because nobody knows which were used since: the next login makes ten new ones.
pub(super) async fn end_recovery_codes(op: &mut Op) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!("delete from recovery_codes")
        .execute(op.db())
        .await?;
    sqlx::query!(
        "update technicians set recovery_codes_at = null where recovery_codes_at is not null"
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

pub(super) async fn stop_tenants(op: &mut Op, restore: Uuid) -> Result<u64, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update tenants t
         set state = case when r.archived then 'archived' else 'suspended' end, state_since = $2, updated_at = $2,
           state_reason = 'Stopped after the backup that this installation was restored from.'
         from (select (what ->> 'id')::uuid as id, bool_or(what ->> 'state' = 'archived') as archived
               from revocations where restore_id = $1 and kind = 'tenant' group by 1) r
         where t.id = r.id and (t.state = 'active' or (t.state = 'suspended' and r.archived))",
        restore,
        now
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

/// Gives the disconnections that the restored database did not know, begun anew.
pub(super) async fn begin_disconnections(
    op: &mut Op,
    restore: Uuid,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let now = op.now();
    sqlx::query_scalar!(
        "insert into disconnections (tenant_id, id, delete_everything, asked_by_name, started_at, next_at)
         select t.id, (r.what ->> 'id')::uuid, coalesce((r.what ->> 'delete_everything')::boolean, false), 'restore', $2, $2
         from revocations r join tenants t on t.id = (r.what ->> 'tenant_id')::uuid
         where r.restore_id = $1 and r.kind = 'disconnection'
         order by r.at
         on conflict do nothing
         returning id",
        restore,
        now
    )
    .fetch_all(op.db())
    .await
}

pub(super) async fn stop_hand_out(op: &mut Op, disconnection: Uuid) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!("select stop_hand_out($1, null, $2)", disconnection, now)
        .fetch_one(op.db())
        .await?;
    Ok(())
}

pub(super) async fn suspend_api_keys(
    op: &mut Op,
    restore: Uuid,
    all: bool,
) -> Result<u64, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update api_keys k set state = 'suspended', state_since = $3, previous_mac = null, previous_until = null,
           state_reason = 'Changed after the backup that this installation was restored from.'
         where k.state = 'active' and ($2 or exists (
           select from revocations r where r.restore_id = $1 and r.kind = 'api_key' and (r.what ->> 'id')::uuid = k.id))",
        restore,
        all,
        now
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}
