-- Why: a login session is worth something only once the second factor was proved, and people end their sessions one by one.
-- Sessions from before this migration have proved a password alone: the next click asks for the second factor.
alter table login_sessions
  -- What people name it by; says nothing about the cookie.
  add column id uuid not null default gen_random_uuid(),
  -- `password`: may prove or enrol the second factor; `enrolling`: proved it and has something left to set up; `full`.
  add column stage text not null default 'password',
  -- What was proved last, and when: dangerous acts ask for a fresh proof.
  add column factor text,
  add column factor_at timestamptz,
  -- Browser and system in short words, and the address, both at the login.
  add column user_agent text not null default '',
  add column ip text not null default '',
  add column last_seen_at timestamptz,
  -- The one open challenge to a passkey.
  add column challenge jsonb,
  add column challenge_until timestamptz,
  -- The role changed: the next page gets a new id.
  add column renew boolean not null default false,
  add constraint login_sessions_id_key unique (id),
  add constraint login_sessions_stage_check check (stage in ('password', 'enrolling', 'full')),
  add constraint login_sessions_factor_check check (factor in ('passkey', 'totp', 'recovery')),
  add constraint login_sessions_proved_check check (stage = 'password' or (factor is not null and factor_at is not null));
