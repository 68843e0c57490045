-- Why: how long tokens live is the customer's to decide, by policies that only Graph tells. What was read is kept with when,
-- so that the overview shows it without asking Microsoft; and so is that it could not be read.
create table lifetime_policies (
  tenant_id uuid primary key references tenants on delete cascade,
  -- read, not_permitted, no_token, no_answer
  outcome text not null,
  -- Each {name, organization_default, assigned, access_token_s, readable}; empty unless read.
  policies jsonb not null default '[]',
  -- Whether it could be seen which of them are assigned to our application.
  assignment_known boolean not null default false,
  connection_id uuid not null,
  observed_at timestamptz not null,
  constraint lifetime_policies_outcome_check check (outcome in ('read', 'not_permitted', 'no_token', 'no_answer'))
);
grant select, insert, update on lifetime_policies to portal_keeper;
grant select on lifetime_policies to portal_web, portal_backup;
