-- Why: a password alone opens nothing. Each technician proves a second factor: a passkey, an authenticator app (TOTP), or one
-- of ten recovery codes. Seeds of apps are sealed by the keeper, which alone opens them; the portal may store one and cannot
-- read it.
create table technician_factors (
  id uuid primary key,
  technician_id uuid not null references technicians on delete cascade,
  kind text not null,
  -- As its owner calls it.
  name text not null,
  -- Passkey: what the authenticator calls it, and its public key with counter and flags (webauthn-rs).
  credential_id bytea,
  passkey jsonb,
  -- Authenticator app: the seed, sealed for (technician, factor), and the last time step that was accepted.
  seed_ct bytea,
  last_step bigint not null default 0,
  created_at timestamptz not null,
  -- Null for an app that has not shown its first code yet.
  confirmed_at timestamptz,
  last_used_at timestamptz,
  constraint technician_factors_credential_id_key unique (credential_id),
  constraint technician_factors_kind_check check (kind in ('passkey', 'totp')),
  constraint technician_factors_name_check check (char_length(name) between 1 and 100),
  constraint technician_factors_parts_check check (
    (kind = 'passkey' and credential_id is not null and passkey is not null and seed_ct is null and confirmed_at is not null)
    or (kind = 'totp' and seed_ct is not null and credential_id is null and passkey is null))
);
create index technician_factors_technician_id_idx on technician_factors (technician_id);
-- Beginning again replaces what was begun.
create unique index technician_factors_pending_key on technician_factors (technician_id) where confirmed_at is null;

-- Ten at a time; SHA-256 of 128 random bits each.
create table recovery_codes (
  technician_id uuid not null references technicians on delete cascade,
  code_hash bytea not null,
  created_at timestamptz not null,
  used_at timestamptz,
  constraint recovery_codes_pkey primary key (technician_id, code_hash)
);
-- When the person said that the codes are kept in a safe place; a login asks for that before anything else.
alter table technicians add column recovery_codes_at timestamptz;

-- From where somebody signed in before: SHA-256 of browser, system and network. A login from elsewhere is told by mail.
create table technician_devices (
  technician_id uuid not null references technicians on delete cascade,
  fingerprint bytea not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  constraint technician_devices_pkey primary key (technician_id, fingerprint)
);

alter table data_keys drop constraint data_keys_purpose_check;
alter table data_keys add constraint data_keys_purpose_check
  check (purpose in ('connection', 'access_token', 'flow', 'invitation', 'app', 'factor', 'canary', 'audit'));

grant select (id, technician_id, kind, name, credential_id, passkey, last_step, created_at, confirmed_at, last_used_at),
  insert, update (name, passkey, confirmed_at, last_used_at), delete on technician_factors to portal_web;
grant select (id, technician_id, kind, seed_ct, last_step, confirmed_at), update (seed_ct, last_step, last_used_at)
  on technician_factors to portal_keeper;
grant select, insert, update, delete on recovery_codes, technician_devices to portal_web;
grant select on technician_factors, recovery_codes, technician_devices to portal_backup;
