-- Why: the rate and the latency of calls to Microsoft are asked every few seconds, by people and by Prometheus, and the keepers
-- that make the calls answer nobody on the network. Each keeper adds what it did since its last beat: a few rows, whatever
-- the number of tenants; sums that only grow, over restarts and over any number of keepers.
create table call_totals (
  operation text not null,
  -- ok, refused, throttled, server_error, no_answer
  outcome text not null,
  calls bigint not null,
  seconds double precision not null,
  -- Calls per range of duration: the upper bounds are in the code (entra::meter), the last range has none.
  durations bigint[] not null,
  primary key (operation, outcome)
) with (fillfactor = 50);
grant select, insert, update on call_totals to portal_keeper;
grant select on call_totals to portal_web, portal_backup;

alter table keepers
  -- Requests to Microsoft under way and waiting for their turn, at the last beat.
  add column in_flight integer not null default 0,
  add column waiting integer not null default 0;
