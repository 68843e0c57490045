-- Why: a validation is a set of live checks with its result, shown as "Last Authentication Status"; the audit log says
-- who did what, and is written in the transaction of the act.
create table validations (
  tenant_id uuid not null references tenants,
  id uuid not null,
  connection_id uuid not null,
  technician_id uuid references technicians,
  at timestamptz not null,
  passed boolean not null,
  -- A list of {check, outcome, detail}: what was looked at, in the order shown.
  checks jsonb not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, connection_id) references connections on delete cascade
);
create index validations_latest_idx on validations (tenant_id, at desc);

create table audit_events (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  -- Null for acts that concern no tenant.
  tenant_id uuid,
  actor_type text not null,
  actor_id uuid,
  -- How the actor is shown: a technician's e-mail, or what acted by itself.
  actor_name text not null,
  ip text not null default '',
  action text not null,
  object_type text not null default '',
  object_id text not null default '',
  result text not null default 'done',
  request_id text not null default '',
  details jsonb not null default '{}',
  constraint audit_events_actor_type_check check (actor_type in ('technician', 'customer', 'visitor', 'keeper', 'worker', 'command')),
  constraint audit_events_result_check check (result in ('done', 'denied', 'failed'))
);
create index audit_events_tenant_idx on audit_events (tenant_id, id desc);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append only', tg_table_name;
end
$$;
create trigger audit_events_append_only before update or delete or truncate on audit_events
  for each statement execute function refuse_change();

grant select, insert on validations, audit_events to portal_web;
grant select, insert on audit_events to portal_keeper;
grant select on validations, audit_events to portal_backup;
grant usage on all sequences in schema public to portal_web, portal_keeper;
