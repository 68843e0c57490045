-- Why: a list of ten thousand tenants whose state is derived from six tables reads all six for every page. What the function
-- `authentication_status` says of each tenant is therefore kept in one row, rewritten in the transaction of whoever changes
-- what it was derived from; lists, counts and searches read that by index. The function stays the only rule. It also tells
-- now when time alone ends a state, so that a worker moves the few rows whose hour has come.

-- Search inside words reads by trigrams. The extension is a trusted one: the owner of the database may create it. Managed
-- services that allow extensions by a list need pg_trgm on it.
create extension if not exists pg_trgm;

drop function authentication_status(timestamptz);

-- One row per tenant that is not archived, as it stands at the business instant `at`.
create function authentication_status(at timestamptz) returns table (
  tenant_id uuid,
  short_name text,
  full_name text,
  domain text,
  -- The administrator who authorised us, or the one expected to.
  admin text,
  -- Null while there is no current connection.
  connection_id uuid,
  connection_state text,
  mode text,
  -- valid, expiring, retrying, expired, not_connected, invitation_pending, suspended
  state text,
  since timestamptz,
  -- Category of the catalogue; null unless the state is expired or retrying and the keeper named one.
  cause text,
  pending_reason text,
  suspended_reason text,
  expires_at timestamptz,
  expires_reason text,
  last_ok_at timestamptz,
  last_error_at timestamptz,
  last_error_id bigint,
  last_error_code integer,
  tokens_valid integer,
  tokens_total integer,
  open_invitation_id uuid,
  -- When the present state ends by the mere passing of time; null when it does not.
  changes_at timestamptz
)
language sql stable parallel safe
as $$
  select s.id, s.short_name, s.full_name, s.domain, s.admin, s.connection_id, s.connection_state, s.mode, s.state,
    case
      when s.state = 'suspended' then s.tenant_since
      when s.state = 'expired' or s.state = 'valid' then s.connection_since
      when s.state = 'retrying' then coalesce(s.trouble_since, s.connection_since)
      when s.state = 'expiring' then greatest(s.connection_since, s.expires_at - s.lead)
      else coalesce(
        (select max(p.state_since) from connections p where p.tenant_id = s.id and p.state = 'pending'),
        (select max(i.created_at) from invitations i where i.tenant_id = s.id and i.state = 'open' and i.expires_at > at),
        (select max(r.state_since) from connections r where r.tenant_id = s.id and r.state = 'revoked'),
        s.created_at)
    end,
    case when s.state in ('expired', 'retrying') then s.cause end,
    (select p.pending_reason from connections p where p.tenant_id = s.id and p.state = 'pending'
      order by p.state_since desc limit 1),
    case when s.state = 'suspended' then s.state_reason end,
    s.expires_at, s.expires_reason, s.last_ok_at, s.last_error_at, s.last_error_id, s.last_error_code,
    (select count(*)::integer from tenant_resources r
      join tokens k on k.tenant_id = r.tenant_id and k.connection_id = s.connection_id and k.resource = r.resource
      where r.tenant_id = s.id and k.state = 'valid' and s.connection_state in ('active', 'suspect')),
    (select count(*)::integer from tenant_resources r where r.tenant_id = s.id),
    (select i.id from invitations i where i.tenant_id = s.id and i.state = 'open' and i.expires_at > at
      order by i.created_at desc limit 1),
    -- `least` leaves nulls aside.
    least(
      case when s.expires_at - s.lead > at then s.expires_at - s.lead end,
      (select min(i.expires_at) from invitations i where i.tenant_id = s.id and i.state = 'open' and i.expires_at > at))
  from (
    select t.id, t.short_name, t.full_name, t.domain, t.state_reason, t.created_at, t.state_since as tenant_since,
      coalesce(nullif(c.admin_username, ''), t.admin_username) as admin,
      c.id as connection_id, c.state as connection_state, c.state_since as connection_since, c.mode, c.cause,
      c.trouble_since, c.expires_at, c.expires_reason, c.last_ok_at, c.last_error_at, c.last_error_id, c.last_error_code,
      coalesce(make_interval(days => t.expiring_lead_days), expiring_lead(c.expires_reason, c.obtained_at, c.expires_at))
        as lead,
      case
        when t.state = 'suspended' then 'suspended'
        when c.state in ('needs_consent', 'quarantined') then 'expired'
        when c.state = 'suspect' or c.trouble_since is not null then 'retrying'
        when c.expires_at <= at
          + coalesce(make_interval(days => t.expiring_lead_days), expiring_lead(c.expires_reason, c.obtained_at, c.expires_at))
          then 'expiring'
        when c.state = 'active' then 'valid'
        when exists (select from connections p where p.tenant_id = t.id and p.state = 'pending')
          or exists (select from invitations i where i.tenant_id = t.id and i.state = 'open' and i.expires_at > at)
          then 'invitation_pending'
        else 'not_connected'
      end as state
    from tenants t
    left join connections c on c.tenant_id = t.id and c.state not in ('pending', 'revoked')
    where t.state <> 'archived'
  ) s
$$;

grant execute on function authentication_status(timestamptz) to portal_web;

-- One row per tenant, the archived with the state 'archived' so that they too are counted and not counted over.
create table tenant_status (
  tenant_id uuid primary key references tenants on delete cascade,
  -- As the function gives them.
  short_name text not null,
  full_name text not null,
  domain text not null,
  admin text not null,
  connection_id uuid,
  connection_state text,
  mode text,
  state text not null,
  since timestamptz not null,
  cause text,
  pending_reason text,
  suspended_reason text,
  -- These two follow a refresh that works only every now and then (`freshen_tenant_status`): good to sort by, and the page
  -- reads them exactly from the connections of its fifty rows.
  expires_at timestamptz,
  last_ok_at timestamptz,
  expires_reason text,
  last_error_at timestamptz,
  last_error_id bigint,
  last_error_code integer,
  tokens_valid integer not null,
  tokens_total integer not null,
  open_invitation_id uuid,
  tags text[] not null,
  -- Null unless snoozed now.
  snoozed_until timestamptz,
  snoozed_reason text,
  -- The day on the chart of what ends when: none for an idle limit that every renewal moves on.
  lapses_on date,
  -- Most urgent state first, in it the newest first.
  urgency bigint not null,
  -- Everything that is searched in, lower case, a blank before every word.
  search text not null,
  -- When time alone changes the row; null when it does not.
  changes_at timestamptz
) with (fillfactor = 80);

-- One index per order, with the short name to settle ties; absent values come last in either direction, so those that may
-- be absent have two. The expressions are those of the store (src/domain/connection/store/order.rs).
create index tenant_status_short_name_idx on tenant_status (short_name) where state <> 'archived';
create index tenant_status_full_name_idx on tenant_status (lower(full_name), short_name) where state <> 'archived';
create index tenant_status_mode_idx on tenant_status (coalesce(mode, 'none'), short_name) where state <> 'archived';
create index tenant_status_admin_idx on tenant_status
  ((coalesce(nullif(lower(admin), ''), U&'\+10FFFF') collate "C"), short_name) where state <> 'archived';
create index tenant_status_admin_down_idx on tenant_status ((lower(admin) collate "C"), short_name) where state <> 'archived';
create index tenant_status_urgency_idx on tenant_status (urgency, short_name) where state <> 'archived';
create index tenant_status_cause_idx on tenant_status ((coalesce(cause, '~') collate "C"), short_name) where state <> 'archived';
create index tenant_status_cause_down_idx on tenant_status ((coalesce(cause, '') collate "C"), short_name)
  where state <> 'archived';
create index tenant_status_since_idx on tenant_status (since, short_name) where state <> 'archived';
create index tenant_status_tokens_idx on tenant_status ((tokens_valid * 1000 - tokens_total), short_name)
  where state <> 'archived';
create index tenant_status_expiry_idx on tenant_status (coalesce(expires_at, 'infinity'), short_name) where state <> 'archived';
create index tenant_status_expiry_down_idx on tenant_status (coalesce(expires_at, '-infinity'), short_name)
  where state <> 'archived';
create index tenant_status_success_idx on tenant_status (coalesce(last_ok_at, 'infinity'), short_name)
  where state <> 'archived';
create index tenant_status_success_down_idx on tenant_status (coalesce(last_ok_at, '-infinity'), short_name)
  where state <> 'archived';
create index tenant_status_error_idx on tenant_status (coalesce(last_error_code, 2147483647), short_name)
  where state <> 'archived';
create index tenant_status_error_down_idx on tenant_status (coalesce(last_error_code, -1), short_name)
  where state <> 'archived';
-- The list of tenants in one state of the MSP's own.
create index tenants_state_idx on tenants (state, short_name);
-- One index per filter that may pick out few.
create index tenant_status_state_idx on tenant_status (state, urgency, short_name);
create index tenant_status_cause_filter_idx on tenant_status (cause, urgency, short_name) where cause is not null;
create index tenant_status_lapses_idx on tenant_status (lapses_on) where lapses_on is not null;
create index tenant_status_tags_idx on tenant_status using gin (tags) with (fastupdate = off);
create index tenant_status_snoozed_idx on tenant_status (snoozed_until) where snoozed_until is not null;
create index tenant_status_search_idx on tenant_status using gin (search gin_trgm_ops) with (fastupdate = off);
create index tenant_status_changes_idx on tenant_status (changes_at) where changes_at is not null;

-- The business time by which writers derive a state; the worker sets it every few seconds. It being late does no harm: a
-- row that it made wrong has a `changes_at` that has passed, and is settled by the worker or the next reader.
create table status_clock (
  one boolean primary key default true check (one),
  at timestamptz not null
);
create function status_now() returns timestamptz language sql stable
return coalesce((select at from status_clock), now());

-- Write the rows of these tenants anew, as they stand at `at`.
create function settle_tenant_status(ids uuid[], at timestamptz) returns void
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

-- Settle up to a thousand rows whose hour has come; gives how many. Rows that somebody else has in hand are left to them.
create function settle_due_status(now_at timestamptz) returns integer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  ids uuid[];
begin
  select array_agg(due.tenant_id) into ids from (
    select k.tenant_id from tenant_status k where k.changes_at <= now_at order by k.tenant_id limit 1000
    for update skip locked) due;
  if ids is null then
    return 0;
  end if;
  perform settle_tenant_status(ids, now_at);
  return cardinality(ids);
end
$$;

-- The worker's whole turn for the time: set the clock that writers derive by.
create function set_status_clock(now_at timestamptz) returns void
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  insert into status_clock as c (at) values (now_at) on conflict (one) do update set at = excluded.at
    where c.at <> excluded.at
$$;

-- Take over what a working refresh moved on and nobody was told of; gives how many rows were behind.
create function freshen_tenant_status() returns bigint
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  with fresh as (
    update tenant_status k set last_ok_at = c.last_ok_at, expires_at = c.expires_at
    from connections c
    where c.tenant_id = k.tenant_id and c.id = k.connection_id
      and (c.last_ok_at > coalesce(k.last_ok_at, '-infinity') + interval '30 minutes'
        or c.expires_at > coalesce(k.expires_at, '-infinity') + interval '1 hour')
    returning 1)
  select count(*) from fresh
$$;

revoke execute on function settle_tenant_status(uuid[], timestamptz), settle_due_status(timestamptz),
  set_status_clock(timestamptz), freshen_tenant_status() from public;
grant execute on function settle_due_status(timestamptz), set_status_clock(timestamptz), freshen_tenant_status() to portal_web;
grant select on tenant_status to portal_web, portal_backup;

-- Whoever changes what a state is derived from settles it in the same transaction. Inserts and deletes are told of once per
-- statement; updates once per row, and only of columns that seldom change: a refresh that works passes none of these.
create function settle_changed_tenants() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if exists (select from changed) then
    perform settle_tenant_status(array(select distinct c.id from changed c), status_now());
  end if;
  return null;
end
$$;
create function settle_changed_rows() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if exists (select from changed) then
    perform settle_tenant_status(array(select distinct c.tenant_id from changed c), status_now());
  end if;
  return null;
end
$$;
create function settle_changed_tenant() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform settle_tenant_status(array[new.id], status_now());
  return null;
end
$$;
create function settle_changed_row() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform settle_tenant_status(array[new.tenant_id], status_now());
  return null;
end
$$;

create trigger tenants_settle_new after insert on tenants referencing new table as changed
  for each statement execute function settle_changed_tenants();
create trigger tenants_settle after update on tenants for each row
  when ((old.short_name, old.full_name, old.domain, old.admin_username, old.invitation_email, old.state, old.state_reason,
      old.state_since, old.expiring_lead_days)
    is distinct from (new.short_name, new.full_name, new.domain, new.admin_username, new.invitation_email, new.state,
      new.state_reason, new.state_since, new.expiring_lead_days))
  execute function settle_changed_tenant();
create trigger connections_settle_new after insert on connections referencing new table as changed
  for each statement execute function settle_changed_rows();
create trigger connections_settle_gone after delete on connections referencing old table as changed
  for each statement execute function settle_changed_rows();
-- An idle limit that moves on with each renewal is left to `freshen_tenant_status`, unless it had come near.
create trigger connections_settle after update on connections for each row
  when (old.state is distinct from new.state or old.state_since is distinct from new.state_since
    or old.pending_reason is distinct from new.pending_reason or old.cause is distinct from new.cause
    or old.trouble_since is distinct from new.trouble_since or old.admin_username is distinct from new.admin_username
    or old.last_error_id is distinct from new.last_error_id or old.last_error_code is distinct from new.last_error_code
    or old.obtained_at is distinct from new.obtained_at or old.expires_reason is distinct from new.expires_reason
    or (new.expires_reason <> 'idle' and old.expires_at is distinct from new.expires_at)
    or new.expires_at > old.expires_at + interval '2 days' or new.expires_at < old.expires_at)
  execute function settle_changed_row();
create trigger tokens_settle_new after insert on tokens referencing new table as changed
  for each statement execute function settle_changed_rows();
create trigger tokens_settle_gone after delete on tokens referencing old table as changed
  for each statement execute function settle_changed_rows();
create trigger tokens_settle after update on tokens for each row
  when (old.state is distinct from new.state) execute function settle_changed_row();
create trigger tenant_resources_settle_new after insert on tenant_resources referencing new table as changed
  for each statement execute function settle_changed_rows();
create trigger tenant_resources_settle_gone after delete on tenant_resources referencing old table as changed
  for each statement execute function settle_changed_rows();
create trigger tenant_tags_settle_new after insert on tenant_tags referencing new table as changed
  for each statement execute function settle_changed_rows();
create trigger tenant_tags_settle_gone after delete on tenant_tags referencing old table as changed
  for each statement execute function settle_changed_rows();
create trigger invitations_settle_new after insert on invitations referencing new table as changed
  for each statement execute function settle_changed_rows();
create trigger invitations_settle_gone after delete on invitations referencing old table as changed
  for each statement execute function settle_changed_rows();
create trigger invitations_settle after update on invitations for each row
  when (old.state is distinct from new.state or old.expires_at is distinct from new.expires_at)
  execute function settle_changed_row();
create trigger tenant_snoozes_settle_new after insert on tenant_snoozes referencing new table as changed
  for each statement execute function settle_changed_rows();
create trigger tenant_snoozes_settle_gone after delete on tenant_snoozes referencing old table as changed
  for each statement execute function settle_changed_rows();
create trigger tenant_snoozes_settle after update on tenant_snoozes for each row execute function settle_changed_row();

-- Open pages hear which tenant looks different now; the payload is its id.
create function tell_tenant_status() returns trigger language plpgsql as $$
begin
  perform pg_notify('tenantry_status', new.tenant_id::text);
  return null;
end
$$;
create trigger tenant_status_tell_new after insert on tenant_status for each row execute function tell_tenant_status();
create trigger tenant_status_tell after update on tenant_status for each row
  when ((old.short_name, old.full_name, old.admin, old.mode, old.state, old.since, old.cause, old.pending_reason,
      old.suspended_reason, old.expires_reason, old.last_error_id, old.tokens_valid, old.tokens_total, old.open_invitation_id,
      old.tags, old.snoozed_until)
    is distinct from (new.short_name, new.full_name, new.admin, new.mode, new.state, new.since, new.cause, new.pending_reason,
      new.suspended_reason, new.expires_reason, new.last_error_id, new.tokens_valid, new.tokens_total, new.open_invitation_id,
      new.tags, new.snoozed_until))
  execute function tell_tenant_status();

select settle_tenant_status(array(select id from tenants), now());
