drop index app_registrations_client_key;
drop index app_registrations_active_key;
alter table app_registrations
  drop constraint app_registrations_state_check,
  drop column state,
  drop column entra_tenant_id,
  drop column tenant_id,
  add constraint app_registrations_cloud_key unique (cloud);
