-- Why: a technician who knows of a trouble and waits for the customer does not want to see it red until then. Snoozing
-- changes nothing but the look: the tenant stays in every list, marked, and its keeper goes on.
create table tenant_snoozes (
  tenant_id uuid primary key references tenants on delete cascade,
  until timestamptz not null,
  reason text not null,
  technician_id uuid,
  created_at timestamptz not null,
  constraint tenant_snoozes_reason_check check (char_length(reason) between 1 and 200),
  constraint tenant_snoozes_until_check check (until > created_at)
);
grant select, insert, update, delete on tenant_snoozes to portal_web;
grant select on tenant_snoozes to portal_backup;
