-- Why: whether what runs by itself does run is seen from any replica, also when the one that ran it is gone.
create table worker_runs (
  name text primary key,
  about text not null,
  period_s integer not null,
  -- By any replica, since the worker exists.
  runs bigint not null,
  failed_runs bigint not null,
  -- Failed runs since the last good one of the replica that ran last.
  failures integer not null,
  last_run_at timestamptz not null,
  last_good_at timestamptz,
  duration_ms bigint not null,
  -- What the last run said, or why it failed.
  last_word text not null
);
grant select, insert, update on worker_runs to portal_web;
grant select on worker_runs to portal_backup;
