-- Why: an invitation is a link that lets a tenant's administrator authorise us; an onboarding flow is one attempt, in
-- one browser, to use it. Tenant, expected Entra tenant and expected administrator of an invitation never change:
-- whoever needs others creates a new one.
create table invitations (
  tenant_id uuid not null references tenants,
  id uuid not null,
  -- SHA-256 of the link's token, the last characters for display, and the token sealed by the keeper.
  token_hash bytea not null,
  token_hint text not null,
  token_sealed bytea not null,
  -- What both sides can name on the phone.
  reference text not null,
  method text not null,
  invitation_email text not null default '',
  -- Empty means link-only without an expectation: what is stored then waits for a technician's confirmation.
  expected_admin text not null default '',
  expected_entra_tenant_id uuid,
  state text not null default 'open',
  created_by uuid references technicians,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  email_sent_at timestamptz,
  email_sent_count integer not null default 0,
  started_at timestamptz,
  device_authenticated_at timestamptz,
  ended_at timestamptz,
  -- When its bearer last pressed "Ask for a new link".
  new_link_asked_at timestamptz,
  primary key (tenant_id, id),
  constraint invitations_token_hash_key unique (token_hash),
  constraint invitations_method_check check (method in ('device_code', 'auth_code')),
  constraint invitations_state_check check (state in ('open', 'completed', 'expired', 'revoked')),
  constraint invitations_ended_check check ((state = 'open') = (ended_at is null))
);
create index invitations_created_at_idx on invitations (created_at desc, id);
create index invitations_open_idx on invitations (tenant_id, created_at desc) where state = 'open';
create index invitations_expiry_idx on invitations (expires_at) where state = 'open';

create table onboarding_flows (
  tenant_id uuid not null,
  id uuid not null,
  invitation_id uuid not null,
  -- SHA-256 of the 256-bit secret in the browser's cookie: no other browser sees anything of this row.
  secret_hash bytea not null,
  method text not null,
  state text not null,
  -- Why a failed flow failed, as a word; the page has the sentence.
  failure text,
  -- The user name as given on the page, and whether its bearer said "I am someone else".
  admin_username text not null default '',
  someone_else boolean not null default false,
  -- Device code: what the page shows, until when. The device code itself is in flow_secrets.
  user_code text,
  verification_uri text,
  code_expires_at timestamptz,
  poll_interval_s integer,
  next_poll_at timestamptz,
  lease_id uuid,
  lease_until timestamptz,
  -- SHA-256 of the OAuth state of the leg that is out at Microsoft; each leg has a new one, good once.
  oauth_state_hash bytea,
  -- Who signed in, as verified; kept also when it was the wrong account, so that the page can say which.
  signed_in_username text,
  signed_in_tenant_id uuid,
  connection_id uuid,
  error_id bigint,
  ip text not null default '',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, invitation_id) references invitations on delete cascade,
  constraint onboarding_flows_secret_hash_key unique (secret_hash),
  constraint onboarding_flows_oauth_state_hash_key unique (oauth_state_hash),
  constraint onboarding_flows_method_check check (method in ('device_code', 'auth_code')),
  constraint onboarding_flows_state_check check (state in ('started', 'code_shown', 'redirected', 'acquiring', 'consent_needed',
    'awaiting_approval', 'complete', 'held', 'failed', 'superseded')),
  constraint onboarding_flows_failure_check check ((state = 'failed') = (failure is not null))
);
create unique index onboarding_flows_live_key on onboarding_flows (tenant_id, invitation_id)
  where state not in ('complete', 'held', 'failed', 'superseded');
create index onboarding_flows_poll_idx on onboarding_flows (next_poll_at) where next_poll_at is not null;
create index onboarding_flows_invitation_idx on onboarding_flows (tenant_id, invitation_id, created_at desc);

create table flow_secrets (
  tenant_id uuid not null,
  flow_id uuid not null,
  -- device_code, or the PKCE verifier and nonce of a browser sign-in.
  kind text not null,
  ct bytea not null,
  primary key (tenant_id, flow_id, kind),
  foreign key (tenant_id, flow_id) references onboarding_flows on delete cascade,
  constraint flow_secrets_kind_check check (kind in ('device_code', 'pkce_verifier', 'nonce'))
);

-- Pages that wait on a flow are told of each change; the payload is the id alone, readers look the row up themselves.
create function notify_flow() returns trigger language plpgsql as $$
begin
  perform pg_notify('tenantry_flow', new.id::text);
  return null;
end
$$;
create trigger onboarding_flows_notify after insert or update on onboarding_flows for each row execute function notify_flow();

grant insert, update, delete on invitations to portal_web;
-- Every column but token_sealed: only the keeper can show a link again.
grant select (tenant_id, id, token_hash, token_hint, reference, method, invitation_email, expected_admin,
  expected_entra_tenant_id, state, created_by, created_at, expires_at, email_sent_at, email_sent_count, started_at,
  device_authenticated_at, ended_at, new_link_asked_at) on invitations to portal_web;
grant select, insert, update, delete on onboarding_flows to portal_web;
grant select on invitations to portal_keeper;
grant update (state, ended_at, started_at, device_authenticated_at) on invitations to portal_keeper;
grant select, update on onboarding_flows to portal_keeper;
grant select, insert, update, delete on flow_secrets to portal_keeper;
grant select on invitations, onboarding_flows, flow_secrets to portal_backup;
