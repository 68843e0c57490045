-- Why: a customer may let the application itself in, without any person's token. The administrator's consent is then the
-- whole sign-in (a third method), Microsoft needs up to a minute to spread it, and a registration of the customer's own is
-- tried before it replaces anything that works.
alter table invitations
  -- Made to replace an authorisation that works by one that lasts longer: the method is fixed, and the page says why.
  add column lasting boolean not null default false,
  drop constraint invitations_method_check,
  add constraint invitations_method_check check (method in ('device_code', 'auth_code', 'app_only'));
alter table onboarding_flows
  -- When the browser came back from admin consent; the wait for Microsoft to spread it counts from here.
  add column consented_at timestamptz,
  drop constraint onboarding_flows_method_check,
  add constraint onboarding_flows_method_check check (method in ('device_code', 'auth_code', 'app_only'));
grant select (lasting) on invitations to portal_web;

-- A customer's own registration on trial.
create table app_only_trials (
  tenant_id uuid not null references tenants,
  id uuid not null,
  app_registration_id uuid not null references app_registrations,
  app_credential_id uuid not null references app_credentials on delete cascade,
  entra_tenant_id uuid not null,
  state text not null default 'trying',
  -- Why it failed, as a word; the page has the sentence.
  failure text,
  error_id bigint,
  -- The technician, as the audit log names them.
  actor_id uuid,
  actor_name text not null,
  actor_ip text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  next_look_at timestamptz,
  lease_id uuid,
  lease_until timestamptz,
  primary key (tenant_id, id),
  constraint app_only_trials_state_check check (state in ('trying', 'done', 'failed')),
  constraint app_only_trials_failure_check check ((state = 'failed') = (failure is not null))
);
create unique index app_only_trials_trying_key on app_only_trials (tenant_id) where state = 'trying';
create index app_only_trials_look_idx on app_only_trials (next_look_at) where next_look_at is not null;
grant select, insert, update, delete on app_only_trials to portal_keeper;
grant select on app_only_trials to portal_web, portal_backup;
