-- Why: a connection says how it stands now and forgets how it stood. Whether access worked last month, for how long it was
-- lost and why, is asked by customers and by reports, so each change of a tenant's standing is kept, with the instant of
-- the change. States change seldom: a refresh that works passes none of these triggers.
create table connection_states (
  tenant_id uuid not null references tenants on delete cascade,
  id bigint generated always as identity,
  -- The grant in use; null while there is none.
  connection_id uuid,
  -- Whether access worked: valid (also while a date is near), retrying, expired, not_connected, suspended, archived.
  state text not null,
  -- What the keeper named, of retrying and expired.
  cause text,
  -- Retrying: when the first access token held at its beginning of the resources that are required ends.
  access_until timestamptz,
  -- Not seen as it happened but concluded from what was known when this record began.
  concluded boolean not null default false,
  since timestamptz not null,
  -- Null: the present one.
  until timestamptz,
  primary key (tenant_id, id),
  constraint connection_states_state_check
    check (state in ('valid', 'retrying', 'expired', 'not_connected', 'suspended', 'archived')),
  constraint connection_states_until_check check (until >= since)
);
create unique index connection_states_present_key on connection_states (tenant_id) where until is null;
create index connection_states_since_idx on connection_states (tenant_id, since desc);

-- Keep how this tenant stands from `at` on, if that is news.
create function note_standing(tenant uuid, at timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  found_state text;
  found_connection uuid;
  found_cause text;
  found_access timestamptz;
  present connection_states;
begin
  -- One writer at a time; the second sees what the first kept.
  select * into present from connection_states k where k.tenant_id = tenant and k.until is null for update;
  select case
      when t.state in ('suspended', 'archived') then t.state
      when c.state in ('needs_consent', 'quarantined') then 'expired'
      when c.state = 'suspect' or c.trouble_since is not null then 'retrying'
      when c.state = 'active' then 'valid'
      else 'not_connected'
    end,
    c.id,
    c.cause
  into found_state, found_connection, found_cause
  from tenants t
  left join connections c on c.tenant_id = t.id and c.state not in ('pending', 'revoked')
  where t.id = tenant;
  if found_state is null then
    return;
  end if;
  if found_state not in ('retrying', 'expired') then
    found_cause := null;
  end if;
  if present.id is not null and present.state = found_state and present.connection_id is not distinct from found_connection then
    if present.cause is null and found_cause is not null then
      update connection_states k set cause = found_cause where k.tenant_id = tenant and k.id = present.id;
    end if;
    return;
  end if;
  if found_state = 'retrying' then
    select min(k.expires_at) into found_access
    from tenant_resources r
    join tokens k on k.tenant_id = r.tenant_id and k.connection_id = found_connection and k.resource = r.resource
    where r.tenant_id = tenant and r.required;
  end if;
  if present.id is null then
    insert into connection_states (tenant_id, connection_id, state, cause, access_until, since)
    values (tenant, found_connection, found_state, found_cause, found_access, at);
  elsif at <= present.since then
    -- Several steps of one change: only where it ends counts.
    update connection_states k set connection_id = found_connection, state = found_state, cause = found_cause,
      access_until = found_access
    where k.tenant_id = tenant and k.id = present.id;
  else
    update connection_states k set until = at where k.tenant_id = tenant and k.id = present.id;
    insert into connection_states (tenant_id, connection_id, state, cause, access_until, since)
    values (tenant, found_connection, found_state, found_cause, found_access, at);
  end if;
end
$$;
revoke execute on function note_standing(uuid, timestamptz) from public;

create function note_connection_standing() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  -- The end of a trouble is the success that ended it; every other change bears its own instant.
  perform note_standing(new.tenant_id, greatest(new.state_since, new.trouble_since,
    case when tg_op = 'UPDATE' and new.trouble_since is null and old.trouble_since is not null then new.last_ok_at end));
  return null;
end
$$;
create function note_tenant_standing() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform note_standing(new.id, new.state_since);
  return null;
end
$$;
revoke execute on function note_connection_standing(), note_tenant_standing() from public;

create trigger connections_standing_new after insert on connections for each row
  when (new.state not in ('pending', 'revoked')) execute function note_connection_standing();
create trigger connections_standing after update on connections for each row
  when (old.state is distinct from new.state or (old.trouble_since is null) <> (new.trouble_since is null)
    or (old.cause is null and new.cause is not null))
  execute function note_connection_standing();
create trigger tenants_standing_new after insert on tenants for each row execute function note_tenant_standing();
create trigger tenants_standing after update on tenants for each row
  when (old.state is distinct from new.state) execute function note_tenant_standing();

-- Of before, only the last change is known.
insert into connection_states (tenant_id, connection_id, state, cause, concluded, since)
select t.id, c.id,
  case
    when t.state in ('suspended', 'archived') then t.state
    when c.state in ('needs_consent', 'quarantined') then 'expired'
    when c.state = 'suspect' or c.trouble_since is not null then 'retrying'
    when c.state = 'active' then 'valid'
    else 'not_connected'
  end,
  case when c.state <> 'active' or c.trouble_since is not null then c.cause end, true,
  case
    when t.state in ('suspended', 'archived') then t.state_since
    when c.id is not null then greatest(c.state_since, c.trouble_since)
    else coalesce((select max(r.state_since) from connections r where r.tenant_id = t.id and r.state = 'revoked'), t.created_at)
  end
from tenants t left join connections c on c.tenant_id = t.id and c.state not in ('pending', 'revoked');

grant select on connection_states to portal_web, portal_backup;

-- A tenant's acts are told as its story; the renewals among them, nearly all the entries, are counted elsewhere.
create index audit_events_story_idx on audit_events (tenant_id, id desc)
  where action not in ('token.refresh', 'token.hand_out', 'customer_portal.entered', 'customer_portal.left');
