-- Why: several keepers may work on one database, and the limits towards Microsoft hold for all of them together. Each says
-- that it lives, and each takes its share of the limits among the living.
create table keepers (
  id uuid primary key,
  -- Both by the database's clock.
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);

grant select, insert, update, delete on keepers to portal_keeper;
grant select on keepers to portal_web, portal_backup;
