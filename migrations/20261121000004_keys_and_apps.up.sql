-- Why: sealed columns need data keys, wrapped by a master key outside the database; and every call to Microsoft needs
-- our app registration with its credentials. Both are the keeper's; the portal sees names and dates.
create table data_keys (
  id uuid primary key,
  -- Null for the installation's own keys. No foreign key: destroying the keys is how a tenant's secrets are deleted.
  tenant_id uuid,
  purpose text not null,
  -- The data key sealed by the master key `kek_id`; empty once destroyed.
  wrapped bytea not null,
  kek_id text not null,
  state text not null default 'active',
  uses bigint not null default 0,
  created_at timestamptz not null,
  constraint data_keys_purpose_check check (purpose in ('connection', 'access_token', 'flow', 'invitation', 'app', 'canary')),
  constraint data_keys_state_check check (state in ('active', 'decrypt', 'destroyed')),
  constraint data_keys_destroyed_check check (state <> 'destroyed' or octet_length(wrapped) = 0)
);
create unique index data_keys_active_key on data_keys (tenant_id, purpose) nulls not distinct where state = 'active';
create index data_keys_kek_id_idx on data_keys (kek_id) where state <> 'destroyed';

-- One sealed known text per master key: opening it at boot proves that the key file fits this database.
create table key_canaries (
  kek_id text primary key,
  dk_id uuid not null references data_keys,
  ct bytea not null,
  created_at timestamptz not null
);

create table app_registrations (
  id uuid primary key,
  cloud text not null default 'global',
  client_id uuid not null,
  display_name text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint app_registrations_cloud_key unique (cloud),
  constraint app_registrations_cloud_check check (cloud in ('global', 'us_gov', 'us_dod', 'china'))
);

create table app_credentials (
  id uuid primary key,
  app_registration_id uuid not null references app_registrations on delete cascade,
  kind text not null,
  -- The secret or the private key, sealed; never readable by the portal.
  ct bytea not null,
  -- The certificate in DER, null for a secret.
  certificate bytea,
  -- What people recognise it by: the last four characters of a secret, or the SHA-256 thumbprint of a certificate.
  hint text not null,
  -- HMAC of the value: tells at start whether a file holds a credential that is already stored.
  fingerprint bytea not null,
  not_after timestamptz,
  state text not null default 'active',
  created_at timestamptz not null,
  constraint app_credentials_fingerprint_key unique (app_registration_id, fingerprint),
  constraint app_credentials_kind_check check (kind in ('secret', 'certificate')),
  constraint app_credentials_state_check check (state in ('active', 'retired'))
);

grant select, insert, update on data_keys, key_canaries, app_registrations, app_credentials to portal_keeper;
grant select on app_registrations to portal_web;
grant select (id, app_registration_id, kind, hint, not_after, state, created_at) on app_credentials to portal_web;
grant select on data_keys, key_canaries, app_registrations, app_credentials to portal_backup;
