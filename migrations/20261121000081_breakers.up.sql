-- Why: a breaker that Microsoft's answers have shut stays shut over a restart, so that a restart does not storm; and after
-- an outage the slow start goes on where it was.
create table breakers (
  -- 'authority', or an application's lane: 'app:<client id>', 'app:<client id>:credential'.
  name text primary key,
  -- How often in a row it was shut; zero when it is open.
  times integer not null,
  -- By the database's clock: nothing passes until then; null when it is open.
  shut_until timestamptz,
  -- By the database's clock: when it last turned.
  turned_at timestamptz not null default now(),
  constraint breakers_shut_check check ((shut_until is null) = (times = 0))
);

grant select, insert, update, delete on breakers to portal_keeper;
grant select on breakers to portal_web, portal_backup;
