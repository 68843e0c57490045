-- Why: each process may touch only what its job needs, so the database knows five roles beside the owner.
-- The private Postgres makes them with a login and a password of their own before this runs; elsewhere the operator
-- may. Where neither happened they are made here without a login, so that the grants of later files have a target.
do $$
declare
  name text;
begin
  foreach name in array array['portal_owner', 'portal_migrate', 'portal_web', 'portal_keeper', 'portal_ops', 'portal_backup'] loop
    if not exists (select from pg_roles where rolname = name) then
      begin
        execute format('create role %I nologin', name);
      exception when duplicate_object or unique_violation then
        null; -- another database of the same cluster was faster
      end;
    end if;
  end loop;
end
$$;

revoke create on schema public from public;
grant usage on schema public to portal_web, portal_keeper, portal_ops, portal_backup;
