-- Why: to disconnect a customer is work of several steps that must go on after a crash: hand-out stops at once, our
-- permission is taken back at Microsoft where we may, a check proves it, tokens are forgotten, keys destroyed. Each step is
-- a commit with what was found, which is what the customer is told afterwards.

-- "Disconnect all customers": one owner asks, somebody else confirms in time, and only then anything happens.
create table plugs (
  id uuid primary key,
  state text not null default 'asked',
  delete_everything boolean not null,
  reason text not null default '',
  asked_by uuid not null references technicians,
  asked_by_name text not null,
  asked_at timestamptz not null,
  -- Until when the second person may confirm.
  expires_at timestamptz not null,
  decided_by uuid references technicians,
  decided_by_name text not null default '',
  decided_at timestamptz,
  constraint plugs_state_check check (state in ('asked', 'pulled', 'cancelled', 'lapsed')),
  constraint plugs_two_persons_check check (state <> 'pulled' or (decided_by is not null and decided_by <> asked_by)),
  constraint plugs_in_time_check check (state <> 'pulled' or decided_at < expires_at)
);
create unique index plugs_asked_key on plugs ((true)) where state = 'asked';
create index plugs_asked_at_idx on plugs (asked_at desc);

create table disconnections (
  tenant_id uuid not null references tenants,
  id uuid not null,
  -- The "Disconnect all customers" that it is a part of.
  plug_id uuid references plugs,
  -- The standing that was ended, with whose tokens Microsoft is asked; null when there was none.
  connection_id uuid,
  delete_everything boolean not null,
  -- What is to be done next.
  step text not null default 'revoke',
  asked_by uuid references technicians,
  asked_by_name text not null,
  -- When hand-out stopped.
  started_at timestamptz not null,
  ended_at timestamptz,
  -- Tries of the present step that did not come to an end.
  attempts integer not null default 0,
  -- When a keeper works on it again; null when all is done.
  next_at timestamptz,
  lease_id uuid,
  lease_until timestamptz,
  -- When the tenant's keys changed last, by the database's clock: every keeper forgets those that it holds in memory.
  keys_changed_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint disconnections_id_key unique (id),
  constraint disconnections_step_check check (step in ('revoke', 'prove', 'forget', 'destroy', 'done')),
  constraint disconnections_done_check check ((step = 'done') = (ended_at is not null) and (step = 'done') = (next_at is null)),
  constraint disconnections_lease_check check ((lease_id is null) = (lease_until is null))
);
-- Not unique: a tenant may be onboarded again, and disconnected again, while Microsoft is still waited for.
create index disconnections_running_idx on disconnections (tenant_id) where step <> 'done';
create index disconnections_due_idx on disconnections (next_at) where next_at is not null;
create index disconnections_plug_idx on disconnections (plug_id, step) where plug_id is not null;
create index disconnections_latest_idx on disconnections (tenant_id, started_at desc);
create index disconnections_keys_idx on disconnections (keys_changed_at) where delete_everything;

-- What came of a step; written once, with the step's own changes.
create table disconnection_steps (
  tenant_id uuid not null,
  disconnection_id uuid not null,
  step text not null,
  at timestamptz not null,
  outcome text not null,
  -- Counts, and what Microsoft answered: status, code and number of the recorded error.
  details jsonb not null default '{}',
  primary key (tenant_id, disconnection_id, step),
  foreign key (tenant_id, disconnection_id) references disconnections on delete cascade,
  constraint disconnection_steps_step_check check (step in ('revoke', 'prove', 'forget', 'destroy'))
);
create index disconnection_steps_of_idx on disconnection_steps (disconnection_id, step);

grant select, insert on plugs, disconnections to portal_web;
grant update (state, decided_by, decided_by_name, decided_at) on plugs to portal_web;
grant select on disconnection_steps to portal_web;
grant select, update on disconnections to portal_keeper;
grant select, insert on disconnection_steps to portal_keeper;
grant select on plugs, disconnections, disconnection_steps to portal_backup;
