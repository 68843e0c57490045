-- Why: several facts about a death are not in the error (a changed password and revoked sessions give the same number).
-- The keeper asks Microsoft for them after a death and once a day, and keeps what it saw and when.
create table tenant_facts (
  tenant_id uuid not null references tenants on delete cascade,
  -- account, risk, application, consent, policies, roles, tenant, held_token
  fact text not null,
  value jsonb not null,
  -- The connection through which it was seen.
  connection_id uuid not null,
  observed_at timestamptz not null,
  primary key (tenant_id, fact),
  constraint tenant_facts_fact_check
    check (fact in ('account', 'risk', 'application', 'consent', 'policies', 'roles', 'tenant', 'held_token'))
);

-- When each tenant is looked at again.
create table tenant_looks (
  tenant_id uuid primary key references tenants on delete cascade,
  next_look_at timestamptz not null,
  looked_at timestamptz,
  -- One keeper has it in hand until then, by the database's clock.
  lease_until timestamptz,
  -- How we were let in: graph_token, as_app, or empty when nothing but the open addresses answered.
  through text not null default ''
);
create index tenant_looks_next_idx on tenant_looks (next_look_at);

grant select, insert, update, delete on tenant_facts, tenant_looks to portal_keeper;
grant select on tenant_facts, tenant_looks to portal_web, portal_backup;
