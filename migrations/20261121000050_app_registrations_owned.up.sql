-- Why: an app-only customer may have a registration of its own, and a refresh token belongs to the client id that it was
-- given to: when the MSP moves to another registration, the former one stays usable for the connections that name it.
alter table app_registrations
  -- Whose it is; null for the MSP's own.
  add column tenant_id uuid references tenants,
  -- The Entra tenant in which it was made, where its credentials are tried; null when nobody said.
  add column entra_tenant_id uuid,
  add column state text not null default 'active',
  add constraint app_registrations_state_check check (state in ('active', 'retired')),
  drop constraint app_registrations_cloud_key;
create unique index app_registrations_active_key on app_registrations (cloud, tenant_id) nulls not distinct
  where state = 'active';
create unique index app_registrations_client_key on app_registrations (cloud, tenant_id, client_id) nulls not distinct;
