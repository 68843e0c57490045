-- Why: a technician's stay in a customer's portal has an end. Who was there, when and for how long is shown in that portal; the
-- audit log has the entering and the leaving.
create table visits (
  tenant_id uuid not null references tenants,
  id uuid not null,
  technician_id uuid not null references technicians,
  began_at timestamptz not null,
  -- Over then at the latest.
  until timestamptz not null check (until > began_at),
  -- The last page that was asked for, to the minute.
  seen_at timestamptz not null check (seen_at >= began_at),
  -- When it was left, or another tenant was entered; empty while it lasts, and for good when nobody left.
  ended_at timestamptz check (ended_at >= began_at),
  primary key (tenant_id, id)
);
create index visits_tenant_began_idx on visits (tenant_id, began_at desc);
create index visits_technician_idx on visits (technician_id, began_at desc);
grant select, insert, update on visits to portal_web;
grant select on visits to portal_backup;
