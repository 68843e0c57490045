-- Why: when many tenants fail by one cause the cause is ours or Microsoft's. One incident says so, once, instead of a
-- hundred accused customers.
create table incidents (
  id uuid primary key,
  kind text not null,
  -- What makes two troubles one, e.g. 'mass:rejected_ambiguous:50076' or the name of a breaker.
  cause text not null,
  -- As msal_errors.class; empty when no answer of Microsoft is behind it.
  class text not null default '',
  -- AADSTS number, when there is one.
  code integer,
  opened_at timestamptz not null,
  -- The last sign of it.
  last_seen_at timestamptz not null,
  -- It may be called over after this instant.
  holds_until timestamptz not null,
  closed_at timestamptz,
  constraint incidents_kind_check check (kind in ('authority', 'application', 'mass', 'quarantine')),
  constraint incidents_order_check check (closed_at is null or closed_at >= opened_at)
);
-- One open incident per cause, however many keepers see it.
create unique index incidents_open_key on incidents (cause) where closed_at is null;
create index incidents_latest_idx on incidents (opened_at desc);

create table incident_tenants (
  tenant_id uuid not null references tenants on delete cascade,
  incident_id uuid not null references incidents on delete cascade,
  primary key (tenant_id, incident_id)
);
create index incident_tenants_incident_idx on incident_tenants (incident_id);

-- Which tenant lately failed by which cause that may be everybody's; a row per tenant and cause, swept after a quarter of
-- an hour.
create table mass_failures (
  tenant_id uuid not null references tenants on delete cascade,
  cause text not null,
  at timestamptz not null,
  primary key (tenant_id, cause)
);
create index mass_failures_cause_idx on mass_failures (cause, at);

grant select, insert, update on incidents to portal_keeper;
grant select, insert, delete on incident_tenants to portal_keeper;
grant select, insert, update, delete on mass_failures to portal_keeper;
grant select on incidents, incident_tenants to portal_web;
grant select on incidents, incident_tenants, mass_failures to portal_backup;

-- The keepers look for them every few seconds.
create index connections_quarantined_idx on connections (tenant_id) where state = 'quarantined';
