-- Why: what costs much, or is open to everybody, is limited per address or per person over all replicas together. One row a
-- subject; taking and counting is one statement, so that two replicas cannot both take the last place.
create table request_limits (
  -- 'door:technician:…' or 'door:address:…'.
  subject text primary key check (length(subject) between 3 and 200),
  began_at timestamptz not null,
  -- Since then.
  taken integer not null check (taken > 0)
);
create index request_limits_began_idx on request_limits (began_at);
grant select, insert, update, delete on request_limits to portal_web;
grant select on request_limits to portal_backup;
