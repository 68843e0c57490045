-- Why: credentials are changed without a gap, so several are usable at a time; a new one is tried at Microsoft before it
-- is used, and one that Microsoft refuses is set aside with its reason while the next one goes on.
alter table app_credentials
  drop constraint app_credentials_state_check,
  add constraint app_credentials_state_check check (state in ('candidate', 'active', 'refused', 'retired')),
  -- The technician who stored it, or `settings`.
  add column created_by text not null default 'settings',
  -- Since when it is in its state.
  add column state_since timestamptz,
  add column tried_at timestamptz,
  -- When Microsoft accepted it last; written at most once an hour.
  add column worked_at timestamptz,
  -- Microsoft's last refusal of this credential: when, its AADSTS number, what it means, and its words.
  add column refused_at timestamptz,
  add column refused_code integer,
  add column refused_why text,
  add column refused_text text,
  -- A candidate's trials so far, and when the keeper tries again by itself; null when a person has to ask for it.
  add column trials integer not null default 0,
  add column next_trial_at timestamptz;
create index app_credentials_next_trial_idx on app_credentials (next_trial_at) where next_trial_at is not null;

grant delete on app_credentials to portal_keeper;
grant select (certificate, created_by, state_since, tried_at, worked_at, refused_at, refused_code, refused_why, refused_text,
  trials, next_trial_at) on app_credentials to portal_web;
