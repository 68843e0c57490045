drop trigger technicians_tell_reach on technicians;
drop trigger tenant_tags_grant_gone on tenant_tags;
drop trigger tenant_tags_grant_new on tenant_tags;
drop trigger tenants_grant_new on tenants;
drop table technician_tenants, technician_limits;
drop function tell_reach_changed(), settle_grants_of_tags(), settle_grants_of_tenants(), settle_changed_limit(),
  hold_technician_limits(boolean), settle_technician_tenants(uuid[], uuid[]),
  limit_admits(text, text[], uuid[], uuid, text[]);
alter table technicians drop column limited;
