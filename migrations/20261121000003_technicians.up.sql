-- Why: technicians are the MSP's people with a login. A login is made by a one-time link, never by a mailed password.
create table technicians (
  id uuid primary key,
  -- Trimmed, lower-case, NFC; the login name.
  email text not null,
  display_name text not null,
  role text not null,
  -- Argon2id in PHC form with its parameters; null until the one-time link was used.
  password_hash text,
  state text not null default 'active',
  created_at timestamptz not null,
  password_changed_at timestamptz,
  last_login_at timestamptz,
  constraint technicians_email_key unique (email),
  constraint technicians_email_check check (email = lower(email) and char_length(email) between 3 and 254),
  constraint technicians_role_check check (role in ('owner', 'admin', 'technician', 'viewer')),
  constraint technicians_state_check check (state in ('active', 'disabled'))
);

create table technician_links (
  id uuid primary key,
  technician_id uuid not null references technicians on delete cascade,
  -- SHA-256 of the link's 256-bit token.
  token_hash bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  constraint technician_links_token_hash_key unique (token_hash)
);
create index technician_links_technician_id_idx on technician_links (technician_id);

-- tower-sessions' records. The id is stored as SHA-256, so a copy of the table opens no session.
create table login_sessions (
  id_hash bytea primary key,
  technician_id uuid references technicians on delete cascade,
  data jsonb not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index login_sessions_expires_at_idx on login_sessions (expires_at);
create index login_sessions_technician_id_idx on login_sessions (technician_id);

-- Login attempts that did not succeed, per account and per address, for growing delays. The subject of an account is a
-- hash of what was typed, since people type passwords there; a row is forgotten 15 minutes after the last attempt.
create table login_failures (
  subject text primary key,
  failures integer not null,
  last_failed_at timestamptz not null,
  constraint login_failures_failures_check check (failures > 0)
);
create index login_failures_last_failed_at_idx on login_failures (last_failed_at);

grant select, insert, update, delete on technicians, technician_links, login_sessions, login_failures to portal_web;
grant select on technicians to portal_keeper;
grant select on technicians, technician_links, login_sessions, login_failures to portal_backup;
