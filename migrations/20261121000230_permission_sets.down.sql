-- The function and triggers as in migrations 111 and 196.
drop trigger permission_set_items_settle on permission_set_items;
drop function settle_permission_set();
drop trigger tokens_settle on tokens;
create trigger tokens_settle after update on tokens for each row
  when (old.state is distinct from new.state) execute function settle_changed_row();
drop trigger tenant_status_tell on tenant_status;
create trigger tenant_status_tell after update on tenant_status for each row
  when ((old.short_name, old.full_name, old.admin, old.mode, old.state, old.since, old.cause, old.pending_reason,
      old.suspended_reason, old.expires_reason, old.last_error_id, old.tokens_valid, old.tokens_total, old.open_invitation_id,
      old.tags, old.snoozed_until)
    is distinct from (new.short_name, new.full_name, new.admin, new.mode, new.state, new.since, new.cause, new.pending_reason,
      new.suspended_reason, new.expires_reason, new.last_error_id, new.tokens_valid, new.tokens_total, new.open_invitation_id,
      new.tags, new.snoozed_until))
  execute function tell_tenant_status();
drop view granted_tenant_status, fleet_tenant_status;
alter table tenant_status drop column permissions_lacking;
drop function count_lacking_permissions(uuid, uuid, text, text);
create view fleet_tenant_status as
  select * from tenant_status where (select current_setting('app.scope', true)) = 'all';
create view granted_tenant_status as
  select k.*, g.technician_id as granted_to from technician_tenants g join tenant_status k on k.tenant_id = g.tenant_id
  where g.technician_id = (select scope_technician());
grant select on fleet_tenant_status, granted_tenant_status to portal_web;
-- Write the rows of these tenants anew, as they stand at `at`.
create or replace function settle_tenant_status(ids uuid[], at timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  -- First the locks, then the look: two writers of one tenant come one after the other, and the second sees what the first did.
  perform from tenant_status k where k.tenant_id = any(ids) order by k.tenant_id for update;
  insert into tenant_status as k (tenant_id, short_name, full_name, domain, admin, connection_id, connection_state, mode, state,
    since, cause, pending_reason, suspended_reason, expires_at, last_ok_at, expires_reason, last_error_at, last_error_id,
    last_error_code, tokens_valid, tokens_total, open_invitation_id, tags, snoozed_until, snoozed_reason, lapses_on, urgency,
    search, changes_at)
  select s.tenant_id, s.short_name, s.full_name, s.domain, s.admin, s.connection_id, s.connection_state, s.mode, s.state,
    s.since, s.cause, s.pending_reason, s.suspended_reason, s.expires_at, s.last_ok_at, s.expires_reason, s.last_error_at,
    s.last_error_id, s.last_error_code, s.tokens_valid, s.tokens_total, s.open_invitation_id,
    array(select g.tag from tenant_tags g where g.tenant_id = s.tenant_id order by g.tag),
    z.until, z.reason,
    case when s.state in ('valid', 'retrying') and s.expires_reason <> 'idle' or s.state = 'expiring'
      then (s.expires_at at time zone 'UTC')::date end,
    array_position(array['expired', 'retrying', 'expiring', 'invitation_pending', 'not_connected', 'valid', 'suspended',
      'archived'], s.state)::bigint * 100000000000 - extract(epoch from s.since)::bigint,
    ' ' || lower(concat_ws(' ', s.short_name, s.full_name, s.domain, s.admin,
      (select concat_ws(' ', nullif(t.admin_username, s.admin), t.invitation_email) from tenants t where t.id = s.tenant_id))),
    least(s.changes_at, z.until)
  from (
    select * from authentication_status(at) a where a.tenant_id = any(ids)
    union all
    select t.id, t.short_name, t.full_name, t.domain, t.admin_username, null, null, null, 'archived', t.state_since, null, null,
      null, null, null, null, null, null, null, 0, 0, null, null
    from tenants t where t.id = any(ids) and t.state = 'archived'
  ) s
  left join tenant_snoozes z on z.tenant_id = s.tenant_id and z.until > at
  order by s.tenant_id
  on conflict (tenant_id) do update set short_name = excluded.short_name, full_name = excluded.full_name,
    domain = excluded.domain, admin = excluded.admin, connection_id = excluded.connection_id,
    connection_state = excluded.connection_state, mode = excluded.mode, state = excluded.state, since = excluded.since,
    cause = excluded.cause, pending_reason = excluded.pending_reason, suspended_reason = excluded.suspended_reason,
    expires_at = excluded.expires_at, last_ok_at = excluded.last_ok_at, expires_reason = excluded.expires_reason,
    last_error_at = excluded.last_error_at, last_error_id = excluded.last_error_id,
    last_error_code = excluded.last_error_code, tokens_valid = excluded.tokens_valid, tokens_total = excluded.tokens_total,
    open_invitation_id = excluded.open_invitation_id, tags = excluded.tags, snoozed_until = excluded.snoozed_until,
    snoozed_reason = excluded.snoozed_reason, lapses_on = excluded.lapses_on, urgency = excluded.urgency,
    search = excluded.search, changes_at = excluded.changes_at
  where k is distinct from excluded;
end
$$;

drop table permission_set_items, permission_sets;
