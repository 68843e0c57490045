-- Why: a tenant is one customer organisation. It exists before it is connected and stays, archived, after it left.
create table tenants (
  id uuid primary key,
  short_name text not null,
  full_name text not null,
  -- The customer's mail domain as the MSP knows it; empty until told.
  domain text not null default '',
  -- Where invitations go; empty means link only.
  invitation_email text not null default '',
  -- The administrator expected to sign in (user principal name); empty until known.
  admin_username text not null default '',
  -- The Entra tenant this tenant is bound to; null until the first onboarding.
  entra_tenant_id uuid,
  state text not null default 'active',
  state_reason text not null default '',
  state_since timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint tenants_short_name_key unique (short_name),
  constraint tenants_entra_tenant_id_key unique (entra_tenant_id),
  constraint tenants_short_name_check check (short_name ~ '^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$'),
  constraint tenants_full_name_check check (char_length(full_name) between 1 and 200),
  constraint tenants_state_check check (state in ('active', 'suspended', 'archived'))
);
create index tenants_full_name_idx on tenants (lower(full_name));

create table tenant_tags (
  tenant_id uuid not null references tenants on delete cascade,
  tag text not null,
  primary key (tenant_id, tag),
  constraint tenant_tags_tag_check check (tag ~ '^[a-z0-9][a-z0-9-]{0,39}$')
);
create index tenant_tags_tag_idx on tenant_tags (tag);

-- The resource set: whose tokens must be acquired before "All tokens acquired" is true, and which may be missing.
create table tenant_resources (
  tenant_id uuid not null references tenants on delete cascade,
  resource text not null,
  required boolean not null,
  primary key (tenant_id, resource),
  constraint tenant_resources_resource_check check (resource in ('graph', 'exchange', 'teams', 'azure'))
);

grant select, insert, update, delete on tenants, tenant_tags, tenant_resources to portal_web;
grant select on tenants, tenant_tags, tenant_resources to portal_keeper;
-- The keeper binds a tenant to its Entra tenant when the first token set is stored.
grant update (entra_tenant_id, admin_username, domain, updated_at) on tenants to portal_keeper;
grant select on tenants, tenant_tags, tenant_resources to portal_backup;
