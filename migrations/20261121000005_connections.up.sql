-- Why: a connection is one grant that one administrator gave for one tenant. A new onboarding makes a new row and
-- revokes the former, so the history of grants stays readable. Secrets and schedule are tables of their own: the due
-- scan crosses tenants and must never touch a ciphertext.
create table connections (
  tenant_id uuid not null references tenants,
  id uuid not null,
  mode text not null,
  state text not null,
  state_since timestamptz not null,
  -- Why it is pending: consent of the rest is missing, or a technician has to confirm who signed in.
  pending_reason text,
  entra_tenant_id uuid not null,
  admin_oid uuid,
  admin_username text not null default '',
  admin_name text not null default '',
  token_class text,
  obtained_by text not null,
  obtained_at timestamptz not null,
  app_registration_id uuid not null references app_registrations,
  invitation_id uuid,
  realm text not null default 'unknown',
  last_ok_at timestamptz,
  -- First of the failures since the last success; set while the answer is only transient: shown as Retrying.
  trouble_since timestamptz,
  -- How often an ambiguous refusal was confirmed; the third makes it needs_consent.
  suspect_checks smallint not null default 0,
  last_error_at timestamptz,
  last_error_id bigint,
  last_error_code integer,
  -- The category of the catalogue that the last error was read as; null while all is well.
  cause text,
  -- The next date at which the authorisation lapses by itself, and why; null when nothing is known.
  expires_at timestamptz,
  expires_reason text,
  -- Conditional Access sign-in frequency in seconds as the last 70043 named it; null when never seen.
  sign_in_frequency_s integer,
  primary key (tenant_id, id),
  constraint connections_mode_check check (mode in ('auth_token', 'app_only')),
  constraint connections_state_check check (state in ('pending', 'active', 'suspect', 'needs_consent', 'quarantined', 'revoked')),
  constraint connections_pending_check check ((state = 'pending') = (pending_reason is not null)),
  constraint connections_pending_reason_check check (pending_reason in ('awaiting_consent', 'awaiting_confirmation')),
  constraint connections_token_class_check check (token_class in ('public', 'confidential')),
  constraint connections_obtained_by_check check (obtained_by in ('device_code', 'auth_code', 'client_credentials')),
  constraint connections_realm_check check (realm in ('managed', 'federated', 'unknown')),
  constraint connections_expires_check check ((expires_at is null) = (expires_reason is null)),
  constraint connections_expires_reason_check check (expires_reason in ('idle', 'sign_in_frequency', 'federated', 'credential')),
  constraint connections_delegated_check check (mode <> 'auth_token' or (admin_oid is not null and token_class is not null))
);
-- One standing per tenant: pending grants wait beside it, revoked ones are history.
create unique index connections_current_key on connections (tenant_id) where state not in ('pending', 'revoked');
create index connections_pending_idx on connections (tenant_id) where state = 'pending';

create table connection_secrets (
  tenant_id uuid not null,
  connection_id uuid not null,
  -- Counts stored refresh tokens; every commit compares it, and the ciphertext is bound to it.
  version bigint not null,
  ct_current bytea not null,
  -- The refresh token before, with the version it was sealed under, kept until the new one has worked once.
  ct_previous bytea,
  previous_version bigint,
  -- HMAC of the refresh token: settles a commit whose answer was lost.
  fingerprint bytea not null,
  obtained_at timestamptz not null,
  primary key (tenant_id, connection_id),
  foreign key (tenant_id, connection_id) references connections on delete cascade,
  constraint connection_secrets_previous_check check ((ct_previous is null) = (previous_version is null))
);

create table refresh_schedule (
  tenant_id uuid not null,
  connection_id uuid not null,
  next_refresh_at timestamptz not null,
  lease_id uuid,
  -- By the database's clock, unlike next_refresh_at, which is App's.
  lease_until timestamptz,
  attempt integer not null default 0,
  last_ok_at timestamptz,
  last_error_class text,
  primary key (tenant_id, connection_id),
  foreign key (tenant_id, connection_id) references connections on delete cascade,
  constraint refresh_schedule_lease_check check ((lease_id is null) = (lease_until is null))
);
create index refresh_schedule_due_idx on refresh_schedule (next_refresh_at);

create table tokens (
  tenant_id uuid not null,
  connection_id uuid not null,
  resource text not null,
  state text not null,
  -- The access token, sealed; null unless the last acquisition worked.
  ct bytea,
  scopes text[] not null default '{}',
  acquired_at timestamptz,
  expires_at timestamptz,
  last_ok_at timestamptz,
  last_used_at timestamptz,
  last_error_at timestamptz,
  last_error_id bigint,
  last_error_code integer,
  cause text,
  primary key (tenant_id, connection_id, resource),
  foreign key (tenant_id, connection_id) references connections on delete cascade,
  constraint tokens_resource_check check (resource in ('graph', 'exchange', 'teams', 'azure')),
  constraint tokens_state_check check (state in ('waiting', 'valid', 'failed'))
);

grant select, insert, update, delete on connections, connection_secrets, refresh_schedule, tokens to portal_keeper;
grant select on connections, refresh_schedule to portal_web;
grant select (tenant_id, connection_id, resource, state, scopes, acquired_at, expires_at, last_ok_at, last_used_at,
  last_error_at, last_error_id, last_error_code, cause) on tokens to portal_web;
grant select on connections, connection_secrets, refresh_schedule, tokens to portal_backup;
