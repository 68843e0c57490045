-- Why: what a customer's authorisation must cover changes over the years, and with each change somebody must know whom to ask
-- again. It was written in the program; now it is data with a version and a date. The newest version holds. Which tenants lack
-- something of it is kept in their status row, like everything else there, so that a list of ten thousand stays an index read.
create table permission_sets (
  version integer primary key,
  created_at timestamptz not null,
  -- Null: the one that the program came with.
  created_by uuid references technicians,
  -- Why it was made, in the words of who made it.
  note text not null,
  constraint permission_sets_version_check check (version > 0),
  constraint permission_sets_note_check check (char_length(note) <= 300)
);
create table permission_set_items (
  version integer not null references permission_sets,
  resource text not null,
  kind text not null,
  name text not null,
  primary key (version, resource, kind, name),
  constraint permission_set_items_resource_check check (resource in ('graph', 'exchange', 'teams', 'azure')),
  constraint permission_set_items_kind_check check (kind in ('delegated', 'application')),
  constraint permission_set_items_name_check check (name ~ '^[A-Za-z][A-Za-z_.-]{0,119}$')
);
create index permission_sets_created_by_idx on permission_sets (created_by);

-- A version is made once and never changed: what was asked of customers at the time must stay readable.
grant select, insert on permission_sets, permission_set_items to portal_web;
grant select on permission_sets, permission_set_items to portal_keeper, portal_backup;

insert into permission_sets (version, created_at, note) values (1, now(), 'What Tenantry needs for its own work.');
insert into permission_set_items (version, resource, kind, name) values
  (1, 'graph', 'delegated', 'User.Read'),
  (1, 'graph', 'delegated', 'Directory.Read.All'),
  (1, 'exchange', 'delegated', 'Exchange.Manage'),
  (1, 'teams', 'delegated', 'user_impersonation'),
  (1, 'azure', 'delegated', 'user_impersonation'),
  (1, 'graph', 'application', 'Directory.Read.All'),
  (1, 'exchange', 'application', 'Exchange.ManageAsApp');

-- How many permissions of the newest set a living connection lacks. A token that names no permission says nothing, and so
-- nothing is missing (as `keeper::permission_set` has it). Scopes come with or without the resource's address.
create function count_lacking_permissions(tenant uuid, connection uuid, connection_state text, mode text) returns integer
language sql stable set search_path = pg_catalog, public, pg_temp as $$
  select count(*)::integer
  from permission_set_items p
  join tenant_resources r on r.tenant_id = tenant and r.resource = p.resource
  join tokens k on k.tenant_id = tenant and k.connection_id = connection and k.resource = p.resource
  where p.version = (select max(s.version) from permission_sets s)
    and p.kind = case when mode = 'app_only' then 'application' else 'delegated' end
    and connection_state in ('active', 'suspect')
    and cardinality(k.scopes) > 0
    and not exists (select from unnest(k.scopes) s where lower(regexp_replace(s, '^.*/', '')) = lower(p.name))
$$;
revoke execute on function count_lacking_permissions(uuid, uuid, text, text) from public;

alter table tenant_status add column permissions_lacking integer not null default 0;
create index tenant_status_lacking_idx on tenant_status (urgency, short_name)
  where permissions_lacking > 0 and state <> 'archived';

-- As in migration 111, and the new column.
create or replace function settle_tenant_status(ids uuid[], at timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  -- First the locks, then the look: two writers of one tenant come one after the other, and the second sees what the first did.
  perform from tenant_status k where k.tenant_id = any(ids) order by k.tenant_id for update;
  insert into tenant_status as k (tenant_id, short_name, full_name, domain, admin, connection_id, connection_state, mode, state,
    since, cause, pending_reason, suspended_reason, expires_at, last_ok_at, expires_reason, last_error_at, last_error_id,
    last_error_code, tokens_valid, tokens_total, open_invitation_id, tags, snoozed_until, snoozed_reason, lapses_on, urgency,
    search, changes_at, permissions_lacking)
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
    least(s.changes_at, z.until),
    case when s.connection_id is null then 0
      else count_lacking_permissions(s.tenant_id, s.connection_id, s.connection_state, s.mode) end
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
    search = excluded.search, changes_at = excluded.changes_at, permissions_lacking = excluded.permissions_lacking
  where k is distinct from excluded;
end
$$;

-- A token that comes with other permissions than the last one; the order in which Microsoft names them says nothing.
drop trigger tokens_settle on tokens;
create trigger tokens_settle after update on tokens for each row
  when (old.state is distinct from new.state or not (old.scopes @> new.scopes and new.scopes @> old.scopes))
  execute function settle_changed_row();

-- Open pages hear of it.
drop trigger tenant_status_tell on tenant_status;
create trigger tenant_status_tell after update on tenant_status for each row
  when ((old.short_name, old.full_name, old.admin, old.mode, old.state, old.since, old.cause, old.pending_reason,
      old.suspended_reason, old.expires_reason, old.last_error_id, old.tokens_valid, old.tokens_total, old.open_invitation_id,
      old.tags, old.snoozed_until, old.permissions_lacking)
    is distinct from (new.short_name, new.full_name, new.admin, new.mode, new.state, new.since, new.cause, new.pending_reason,
      new.suspended_reason, new.expires_reason, new.last_error_id, new.tokens_valid, new.tokens_total, new.open_invitation_id,
      new.tags, new.snoozed_until, new.permissions_lacking))
  execute function tell_tenant_status();

-- A new version: look at every tenant once. Whoever writes a status meanwhile comes before or after, never beside: the lock
-- waits for those who began, and the count is a statement of its own, which sees what they did.
create function settle_permission_set() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  lock table tenant_status in exclusive mode;
  update tenant_status k set permissions_lacking = found.lacking
  from (select s.tenant_id, count_lacking_permissions(s.tenant_id, s.connection_id, s.connection_state, s.mode) as lacking
    from tenant_status s where s.connection_id is not null) found
  where k.tenant_id = found.tenant_id and k.permissions_lacking <> found.lacking;
  return null;
end
$$;
create trigger permission_set_items_settle after insert on permission_set_items
  for each statement execute function settle_permission_set();

-- The views name their columns when they are made.
create or replace view fleet_tenant_status as
  select * from tenant_status where (select current_setting('app.scope', true)) = 'all';
drop view granted_tenant_status;
create view granted_tenant_status as
  select k.*, g.technician_id as granted_to from technician_tenants g join tenant_status k on k.tenant_id = g.tenant_id
  where g.technician_id = (select scope_technician());
grant select on granted_tenant_status to portal_web;

select settle_tenant_status(array(select id from tenants), status_now());
