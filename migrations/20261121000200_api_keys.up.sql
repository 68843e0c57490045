-- Why: scripts ask for what technicians see and for access tokens. A key is a technician's: it may at most what its owner may,
-- within the tenants, resources and networks that it names, until it expires.

-- HMAC-SHA-256 of a key's secret is stored, under this pepper. It is made here, once, and is part of every backup: the secret
-- has 256 random bits, so no pepper is needed against guessing; it makes a column that leaked by itself (a report, a slow-query log)
-- say nothing about which keys of two installations are equal, and whoever can put rows in without reading this one cannot make a key.
create table api_key_pepper (
  only_one boolean primary key default true,
  pepper bytea not null,
  constraint api_key_pepper_one_check check (only_one),
  constraint api_key_pepper_size_check check (octet_length(pepper) = 32)
);
insert into api_key_pepper (pepper)
  values (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

create table api_keys (
  id uuid primary key,
  -- The eight characters between `pk_` and the secret.
  public_id text not null,
  mac bytea not null,
  -- After a rotation the former secret works until then.
  previous_mac bytea,
  previous_until timestamptz,
  name text not null,
  owner_id uuid not null references technicians on delete cascade,
  state text not null default 'active',
  state_reason text not null default '',
  state_since timestamptz not null,
  scopes text[] not null,
  -- Every tenant that the owner sees; else those with one of the tags, and those that are listed.
  all_tenants boolean not null default false,
  tags text[] not null default '{}',
  tenants uuid[] not null default '{}',
  -- Of which access tokens are handed out.
  resources text[] not null default '{}',
  -- From where it works; none: from anywhere.
  networks text[] not null default '{}',
  -- Null: as the settings say.
  calls_per_minute integer,
  hand_outs_per_minute integer,
  new_tenants integer,
  created_at timestamptz not null,
  -- When the secret was made; a rotation makes another, and only that makes a key live longer.
  issued_at timestamptz not null,
  expires_at timestamptz not null,
  -- Counts up with every change, so that nobody goes by what is no longer so.
  version bigint not null default 1,
  constraint api_keys_public_id_key unique (public_id),
  constraint api_keys_state_check check (state in ('active', 'suspended', 'revoked')),
  constraint api_keys_name_check check (char_length(name) between 1 and 100),
  constraint api_keys_previous_check check ((previous_mac is null) = (previous_until is null)),
  constraint api_keys_limits_check check (calls_per_minute > 0 and hand_outs_per_minute > 0 and new_tenants > 0),
  constraint api_keys_lifetime_check check (expires_at <= issued_at + interval '366 days')
);
create index api_keys_owner_idx on api_keys (owner_id);

create function count_api_key_version() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
  new.version := old.version + 1;
  return new;
end
$$;
create trigger api_keys_version before update on api_keys for each row execute function count_api_key_version();

-- One row a key, written at every call: the minute's counts, and when and from where it was used last.
create table api_key_uses (
  key_id uuid primary key references api_keys on delete cascade,
  minute timestamptz not null,
  calls integer not null,
  hand_outs integer not null,
  uses bigint not null,
  last_used_at timestamptz not null,
  last_ip text not null
) with (fillfactor = 50);
-- Tokens handed out of a tenant in its minute, by all keys.
create table api_tenant_counts (
  tenant_id uuid primary key references tenants on delete cascade,
  minute timestamptz not null,
  hand_outs integer not null
) with (fillfactor = 50);
-- The tenants of which a key was given a token, and when first: a key that runs through the customers is stopped.
create table api_key_tenants (
  tenant_id uuid not null references tenants on delete cascade,
  key_id uuid not null references api_keys on delete cascade,
  first_at timestamptz not null,
  primary key (tenant_id, key_id)
);
create index api_key_tenants_key_idx on api_key_tenants (key_id, first_at);

-- What a key may see is kept beside what technicians may: `technician_tenants` holds both, under the one's or the other's id, so
-- that every query and policy that knows of limited technicians knows of keys. A key of an owner who is limited sees what both allow.
alter table technician_tenants drop constraint technician_tenants_technician_id_fkey;
create view grant_rules as
  select l.technician_id as id, l.kind, l.tags, l.tenants,
    null::text as owner_kind, '{}'::text[] as owner_tags, '{}'::uuid[] as owner_tenants
  from technician_limits l
  union all
  select k.id, case when k.all_tenants then 'except' else 'only' end,
    case when k.all_tenants then '{}' else k.tags end, case when k.all_tenants then '{}' else k.tenants end,
    o.kind, coalesce(o.tags, '{}'), coalesce(o.tenants, '{}')
  from api_keys k left join technician_limits o on o.technician_id = k.owner_id
  where k.state <> 'revoked' and (not k.all_tenants or o.technician_id is not null);

create or replace function settle_technician_tenants(technicians uuid[], of_tenants uuid[]) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  delete from technician_tenants g
  where (technicians is null or g.technician_id = any(technicians)) and (of_tenants is null or g.tenant_id = any(of_tenants))
    and not exists (
      select from grant_rules r where r.id = g.technician_id
        and limit_admits(r.kind, r.tags, r.tenants, g.tenant_id,
          array(select t.tag from tenant_tags t where t.tenant_id = g.tenant_id))
        and (r.owner_kind is null or limit_admits(r.owner_kind, r.owner_tags, r.owner_tenants, g.tenant_id,
          array(select t.tag from tenant_tags t where t.tenant_id = g.tenant_id))));
  insert into technician_tenants (technician_id, tenant_id)
  select r.id, t.id
  from grant_rules r cross join tenants t
  where (technicians is null or r.id = any(technicians)) and (of_tenants is null or t.id = any(of_tenants))
    and limit_admits(r.kind, r.tags, r.tenants, t.id, array(select k.tag from tenant_tags k where k.tenant_id = t.id))
    and (r.owner_kind is null or limit_admits(r.owner_kind, r.owner_tags, r.owner_tenants, t.id,
      array(select k.tag from tenant_tags k where k.tenant_id = t.id)))
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
  perform settle_technician_tenants(array(select who union select k.id from api_keys k where k.owner_id = who), null);
  return null;
end
$$;
create or replace function settle_grants_of_tenants() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform hold_technician_limits(false);
  if exists (select from grant_rules) then
    perform settle_technician_tenants(null, array(select c.id from changed c));
  end if;
  return null;
end
$$;
create or replace function settle_grants_of_tags() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform hold_technician_limits(false);
  if exists (select from grant_rules) then
    perform settle_technician_tenants(null, array(select distinct c.tenant_id from changed c));
  end if;
  return null;
end
$$;
create function settle_changed_key() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform hold_technician_limits(true);
  perform settle_technician_tenants(array[case when tg_op = 'DELETE' then old.id else new.id end], null);
  return null;
end
$$;
create trigger api_keys_settle after insert or update of state, all_tenants, tags, tenants, owner_id or delete on api_keys
  for each row execute function settle_changed_key();
revoke execute on function settle_changed_key() from public;

-- Whatever was taken from a key since a backup is taken from it again when that backup is restored.
create trigger api_keys_changed after update on api_keys for each row execute function note_revocation('api_key');

alter table audit_events drop constraint audit_events_actor_type_check;
alter table audit_events add constraint audit_events_actor_type_check
  check (actor_type in ('technician', 'customer', 'visitor', 'keeper', 'worker', 'command', 'key'));
create index audit_events_key_idx on audit_events (key_id, id desc) where key_id is not null and action <> 'token.hand_out';

select secure_tenant_tables();

grant select on api_key_pepper to portal_web;
grant select, insert, update on api_keys to portal_web;
grant select, insert, update on api_key_uses, api_tenant_counts to portal_web, portal_keeper;
grant select, insert on api_key_tenants to portal_web;
grant select on api_key_tenants, technician_tenants to portal_keeper;
-- The keeper decides about hand-outs and never sees what a secret is compared with.
grant select (id, owner_id, state, scopes, all_tenants, resources, hand_outs_per_minute, expires_at, version) on api_keys to portal_keeper;
grant select (id, state, role, limited) on technicians to portal_keeper;
grant select on api_key_pepper, api_keys, api_key_uses, api_tenant_counts, api_key_tenants to portal_backup;
