-- Why: a technician may be limited to some tenants: to those of a list or with a tag, or to all but those. The rule is what a
-- person chose; `technician_tenants` is what it means now, kept in the transaction of whoever changes either, so that each
-- query filters by one index read and never by a rule.
alter table technicians add column limited boolean not null default false;

create table technician_limits (
  technician_id uuid primary key references technicians on delete cascade,
  -- only: these; except: all but these.
  kind text not null,
  -- A tenant is meant when it has one of the tags, or is listed.
  tags text[] not null default '{}',
  tenants uuid[] not null default '{}',
  updated_at timestamptz not null,
  constraint technician_limits_kind_check check (kind in ('only', 'except')),
  constraint technician_limits_size_check check (cardinality(tags) <= 1000 and cardinality(tenants) <= 20000)
);

create table technician_tenants (
  technician_id uuid not null references technicians on delete cascade,
  tenant_id uuid not null references tenants on delete cascade,
  primary key (technician_id, tenant_id)
);
create index technician_tenants_tenant_idx on technician_tenants (tenant_id);

-- Whether a rule lets its technician see a tenant with these tags.
create function limit_admits(kind text, tags text[], tenants uuid[], tenant uuid, tenant_tags text[]) returns boolean
language sql immutable parallel safe
return (kind = 'except') <> (coalesce(tags && tenant_tags, false) or tenant = any(tenants));

-- Bring what the rules mean in line: of these technicians (null: everybody who is limited) and these tenants (null: all).
create function settle_technician_tenants(technicians uuid[], of_tenants uuid[]) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  delete from technician_tenants g
  where (technicians is null or g.technician_id = any(technicians)) and (of_tenants is null or g.tenant_id = any(of_tenants))
    and not exists (
      select from technician_limits l where l.technician_id = g.technician_id
        and limit_admits(l.kind, l.tags, l.tenants, g.tenant_id,
          array(select t.tag from tenant_tags t where t.tenant_id = g.tenant_id)));
  insert into technician_tenants (technician_id, tenant_id)
  select l.technician_id, t.id
  from technician_limits l cross join tenants t
  where (technicians is null or l.technician_id = any(technicians)) and (of_tenants is null or t.id = any(of_tenants))
    and limit_admits(l.kind, l.tags, l.tenants, t.id, array(select k.tag from tenant_tags k where k.tenant_id = t.id))
  on conflict do nothing;
end
$$;

-- A rule changes alone; tenants and tags change side by side. So of a rule and a tag that change at the same moment the
-- second to come sees the first.
create function hold_technician_limits(alone boolean) returns void
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  select case when alone then pg_advisory_xact_lock(hashtextextended('tenantry technician limits', 0))
    else pg_advisory_xact_lock_shared(hashtextextended('tenantry technician limits', 0)) end
$$;

create function settle_changed_limit() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  who uuid := case when tg_op = 'DELETE' then old.technician_id else new.technician_id end;
begin
  perform hold_technician_limits(true);
  update technicians t set limited = (tg_op <> 'DELETE') where t.id = who and t.limited <> (tg_op <> 'DELETE');
  perform settle_technician_tenants(array[who], null);
  return null;
end
$$;
create trigger technician_limits_settle after insert or update or delete on technician_limits
  for each row execute function settle_changed_limit();

create function settle_grants_of_tenants() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform hold_technician_limits(false);
  if exists (select from technician_limits) then
    perform settle_technician_tenants(null, array(select c.id from changed c));
  end if;
  return null;
end
$$;
create function settle_grants_of_tags() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform hold_technician_limits(false);
  if exists (select from technician_limits) then
    perform settle_technician_tenants(null, array(select distinct c.tenant_id from changed c));
  end if;
  return null;
end
$$;
create trigger tenants_grant_new after insert on tenants referencing new table as changed
  for each statement execute function settle_grants_of_tenants();
create trigger tenant_tags_grant_new after insert on tenant_tags referencing new table as changed
  for each statement execute function settle_grants_of_tags();
create trigger tenant_tags_grant_gone after delete on tenant_tags referencing old table as changed
  for each statement execute function settle_grants_of_tags();

-- Open pages look anew when somebody's reach changes: the payload stands for "everything" (no tenant has this id).
create function tell_reach_changed() returns trigger
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
  perform pg_notify('tenantry_status', '00000000-0000-0000-0000-000000000000');
  return null;
end
$$;
create trigger technician_limits_tell after insert or update or delete on technician_limits
  for each statement execute function tell_reach_changed();
create trigger technicians_tell_reach after update on technicians for each row
  when (old.limited <> new.limited or old.role <> new.role or old.state <> new.state)
  execute function tell_reach_changed();

revoke execute on function settle_technician_tenants(uuid[], uuid[]), hold_technician_limits(boolean),
  settle_changed_limit(), settle_grants_of_tenants(), settle_grants_of_tags() from public;
grant execute on function limit_admits(text, text[], uuid[], uuid, text[]) to portal_web;
grant select, insert, update, delete on technician_limits to portal_web;
-- Nobody but the functions above writes what the rules mean.
grant select on technician_tenants to portal_web;
grant select on technician_limits, technician_tenants to portal_backup;
