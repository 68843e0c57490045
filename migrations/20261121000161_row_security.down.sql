drop function tenant_of_flow(bytea), tenant_of_link(bytea);
drop view fleet_msal_error_folds, fleet_msal_errors, fleet_tenant_status;
do $$
declare
  found record;
begin
  for found in select p.polname, p.polrelid::regclass as name from pg_policy p
    where p.polname in ('web', 'keeper', 'owner') loop
    execute format('drop policy %I on %s', found.polname, found.name);
    execute format('alter table %s no force row level security, disable row level security', found.name);
  end loop;
end
$$;
drop function secure_tenant_tables(), scope_is_set(), scope_technician(), scope_tenant();
