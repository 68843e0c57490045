drop table app_only_trials;
update onboarding_flows set method = 'auth_code' where method = 'app_only';
alter table onboarding_flows
  drop constraint onboarding_flows_method_check,
  add constraint onboarding_flows_method_check check (method in ('device_code', 'auth_code')),
  drop column consented_at;
update invitations set method = 'auth_code' where method = 'app_only';
alter table invitations
  drop constraint invitations_method_check,
  add constraint invitations_method_check check (method in ('device_code', 'auth_code')),
  drop column lasting;
