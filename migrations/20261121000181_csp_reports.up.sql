-- Why: a browser that refuses something on one of our pages (Content-Security-Policy) tells us; somebody may have found a way to
-- put it there. Counts alone: a report is written by whoever wishes, so that no word of it is kept.
create table csp_reports (
  -- A directive of the policy as our list names it, or 'other'.
  directive text primary key,
  reports bigint not null check (reports > 0),
  last_at timestamptz not null
);
grant select, insert, update on csp_reports to portal_web;
grant select on csp_reports to portal_backup;
