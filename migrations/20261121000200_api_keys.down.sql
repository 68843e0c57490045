-- Keys end with their table; what limits technicians stays.
drop index audit_events_key_idx;
drop table api_key_tenants, api_tenant_counts, api_key_uses;
drop trigger api_keys_settle on api_keys;
create or replace function settle_technician_tenants(technicians uuid[], of_tenants uuid[]) returns void
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
create or replace function settle_changed_limit() returns trigger
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
create or replace function settle_grants_of_tenants() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform hold_technician_limits(false);
  if exists (select from technician_limits) then
    perform settle_technician_tenants(null, array(select c.id from changed c));
  end if;
  return null;
end
$$;
create or replace function settle_grants_of_tags() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform hold_technician_limits(false);
  if exists (select from technician_limits) then
    perform settle_technician_tenants(null, array(select distinct c.tenant_id from changed c));
  end if;
  return null;
end
$$;
drop view grant_rules;
drop table api_keys, api_key_pepper;
drop function settle_changed_key(), count_api_key_version();
delete from technician_tenants g where not exists (select from technicians t where t.id = g.technician_id);
alter table technician_tenants add constraint technician_tenants_technician_id_fkey
  foreign key (technician_id) references technicians on delete cascade;
