-- Why: a technician who looks after the gold customers every morning keeps that filter under a name of their own.
create table saved_views (
  technician_id uuid not null references technicians on delete cascade,
  id uuid not null,
  name text not null,
  -- The query of the Authentication Status address, as the page itself writes it.
  query text not null,
  created_at timestamptz not null,
  primary key (technician_id, id),
  constraint saved_views_name_key unique (technician_id, name),
  constraint saved_views_name_check check (char_length(name) between 1 and 40),
  constraint saved_views_query_check check (char_length(query) <= 1000)
);
grant select, insert, delete on saved_views to portal_web;
grant select on saved_views to portal_backup;
