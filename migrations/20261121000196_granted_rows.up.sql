-- Why: a policy asks of each row whether the technician may see it; whoever is limited to thousands of tenants paid for that
-- more than for the page itself. These views ask the same once for all: as their owner, whom no policy narrows, and joined
-- with what the scope of the transaction allows. `granted_to` is the column by which a query filters for itself.
create view granted_tenant_status as
  select k.*, g.technician_id as granted_to from technician_tenants g join tenant_status k on k.tenant_id = g.tenant_id
  where g.technician_id = (select scope_technician());
create view granted_msal_errors as
  select k.*, g.technician_id as granted_to from technician_tenants g join msal_errors k on k.tenant_id = g.tenant_id
  where g.technician_id = (select scope_technician());
create view granted_msal_error_folds as
  select k.*, g.technician_id as granted_to from technician_tenants g join msal_error_folds k on k.tenant_id = g.tenant_id
  where g.technician_id = (select scope_technician());
grant select on granted_tenant_status, granted_msal_errors, granted_msal_error_folds to portal_web;
