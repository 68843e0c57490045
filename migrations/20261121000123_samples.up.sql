-- Why: operations asks how the fleet stood an hour, a month, a year ago. A worker writes down each minute how many tenants
-- are in which state and how the renewals go; old samples are thinned to one an hour, then one a day.
create table status_samples (
  at timestamptz not null,
  -- As authentication_status.state.
  state text not null,
  tenants integer not null,
  primary key (at, state)
);

create table refresh_samples (
  at timestamptz primary key,
  -- Connections that are renewed by schedule; of these, whose time has come; of these, for longer than ten minutes.
  connections integer not null,
  due integer not null,
  overdue integer not null,
  -- Token requests answered well and badly, and their durations, since the first ever: as the sums of call_totals.
  answered bigint not null,
  refused bigint not null,
  durations bigint[] not null,
  -- The valid token that was renewed longest ago; null when there is none.
  oldest_at timestamptz,
  oldest_tenant_id uuid,
  oldest_resource text
);

-- Errors of each hour by cause, counted again until the hour is two hours old. '-infinity' holds what is too old to be shown,
-- so that sums never fall.
create table error_hours (
  hour timestamptz not null,
  category text not null,
  errors bigint not null,
  primary key (hour, category)
);

grant select, insert, update, delete on status_samples, refresh_samples, error_hours to portal_web;
grant select on status_samples, refresh_samples, error_hours to portal_backup;
