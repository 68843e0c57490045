-- Why: a month of ten thousand tenants is told at a glance, and calls are kept for thirty days only. A worker sums up each
-- tenant's day, and from the days its month; a report reads one row per tenant and month.
create table tenant_days (
  tenant_id uuid not null references tenants on delete cascade,
  day date not null,
  -- Seconds in which access worked and in which it was lost; the rest of the day was suspended, unconnected or not recorded.
  up_s integer not null,
  down_s integer not null,
  -- The worst state of the day; null when nothing was recorded.
  worst text,
  renewals integer not null,
  -- Times that lost access came back that day, and for how long it had been lost.
  recoveries integer not null,
  recovery_s bigint not null,
  errors integer not null,
  invitations integer not null,
  completed integer not null,
  primary key (tenant_id, day)
);
create table tenant_months (
  -- The first of the month.
  month date not null,
  tenant_id uuid not null references tenants on delete cascade,
  up_s bigint not null,
  down_s bigint not null,
  renewals bigint not null,
  recoveries bigint not null,
  recovery_s bigint not null,
  errors bigint not null,
  invitations bigint not null,
  completed bigint not null,
  primary key (month, tenant_id)
);
-- The least available first: those most lost of what was counted; those with nothing counted come last.
create index tenant_months_worst_idx on tenant_months
  (month, (case when up_s + down_s > 0 then up_s::float8 / (up_s + down_s) else 2 end), tenant_id);

-- Errors and lost time of a tenant's day and month by cause, a category of the catalogue.
create table tenant_day_causes (
  tenant_id uuid not null references tenants on delete cascade,
  day date not null,
  cause text not null,
  errors integer not null,
  lost_s integer not null,
  primary key (tenant_id, day, cause)
);
create table tenant_month_causes (
  month date not null,
  tenant_id uuid not null references tenants on delete cascade,
  cause text not null,
  errors bigint not null,
  lost_s bigint not null,
  primary key (month, tenant_id, cause)
);

-- Which days were summed up, and until which instant.
create table report_days (
  day date primary key,
  counted_until timestamptz not null
);

grant select, insert, update, delete on tenant_days, tenant_months, tenant_day_causes, tenant_month_causes, report_days
  to portal_web;
grant select on tenant_days, tenant_months, tenant_day_causes, tenant_month_causes, report_days to portal_backup;

create index invitations_ended_idx on invitations (tenant_id, ended_at) where state = 'completed';
