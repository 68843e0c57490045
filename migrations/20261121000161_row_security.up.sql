-- Why: each query filters by the scope of whoever asks. This is the second net, for the query that forgot: a row of a tenant
-- is there for the portal only in a transaction that was begun with a scope which reaches it. `app.scope` is set by one
-- function of the program (domain::op), transaction-locally: `all`, `technician:<id>`, `tenant:<id>`; nothing set, no rows.
-- It protects against mistakes of ours and not against somebody who may run SQL of their own.

-- After a transaction-local setting has ended, it reads as empty and not as null.
create function scope_tenant() returns uuid language sql stable parallel safe
  return case when starts_with(current_setting('app.scope', true), 'tenant:')
    then substr(current_setting('app.scope', true), 8)::uuid end;
create function scope_technician() returns uuid language sql stable parallel safe
  return case when starts_with(current_setting('app.scope', true), 'technician:')
    then substr(current_setting('app.scope', true), 12)::uuid end;
create function scope_is_set() returns boolean language sql stable parallel safe
  return nullif(current_setting('app.scope', true), '') is not null;
revoke execute on function scope_tenant(), scope_technician(), scope_is_set() from public;
grant execute on function scope_tenant(), scope_technician(), scope_is_set() to portal_web;

-- Guard every tenant-owned table that is not guarded yet; gives their names. Run after the migrations, so that a table made
-- later cannot be forgotten. Each part of the condition that does not depend on the row is a subquery: asked once.
create function secure_tenant_tables() returns setof text
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  found record;
  condition text;
begin
  for found in
    select c.oid::regclass as name, c.relname, pg_get_userbyid(c.relowner) as owner,
      case when c.relname = 'tenants' then 'id' else 'tenant_id' end as col,
      coalesce((select not a.attnotnull from pg_attribute a
        where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped), false) as maybe_nobodys
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and (c.relname = 'tenants' or exists (select from pg_attribute a
        where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))
      -- Append only, chained, and read by its own rules: acts that concern no tenant are most of it.
      and c.relname !~ '^audit_'
      and not (c.relrowsecurity and c.relforcerowsecurity and (select count(*) from pg_policy p
        where p.polrelid = c.oid and p.polname in ('web', 'keeper', 'owner')) = 3)
    order by c.relname
  loop
    condition := format('(select current_setting(''app.scope'', true)) = ''all''
      or %1$I = (select scope_tenant())
      or exists (select from technician_tenants g where g.technician_id = (select scope_technician()) and g.tenant_id = %2$s.%1$I)',
      found.col, found.name);
    if found.maybe_nobodys then
      condition := condition || format(' or %I is null and (select scope_is_set())', found.col);
    end if;
    if found.relname = 'technician_tenants' then
      -- Ids alone, and what the other conditions look at.
      condition := '(select scope_is_set())';
    end if;
    execute format('alter table %s enable row level security, force row level security', found.name);
    execute format('drop policy if exists web on %1$s', found.name);
    execute format('drop policy if exists keeper on %1$s', found.name);
    execute format('drop policy if exists owner on %1$s', found.name);
    execute format('create policy web on %s to portal_web using (%s) with check (%s)', found.name, condition, condition);
    -- The keeper works on what falls due, across tenants, and answers no technician. It reads and writes the secrets of fifty
    -- tenants in one statement; to enter each one's scope would be a round trip for each token.
    execute format('create policy keeper on %s to portal_keeper using (true) with check (true)', found.name);
    -- Functions that run as the owner keep what is derived; they are named in the boot check's test.
    execute format('create policy owner on %s to %I using (true) with check (true)', found.name, found.owner);
    return next found.relname;
  end loop;
end
$$;
revoke execute on function secure_tenant_tables() from public;
select secure_tenant_tables();

-- Under a row's policy no index may be asked for a pattern or for an array's element, because these operators are not
-- leakproof; a search of a million errors would read them all. Whoever may see everything reads these views: as their owner,
-- whom the policy does not narrow, and behind the same question asked once. They are empty in any other scope.
create view fleet_tenant_status as
  select * from tenant_status where (select current_setting('app.scope', true)) = 'all';
create view fleet_msal_errors as
  select * from msal_errors where (select current_setting('app.scope', true)) = 'all';
create view fleet_msal_error_folds as
  select * from msal_error_folds where (select current_setting('app.scope', true)) = 'all';
grant select on fleet_tenant_status, fleet_msal_errors, fleet_msal_error_folds to portal_web;

-- Before it is known whose link or cookie it is: the id alone, for what only its bearer can name.
create function tenant_of_link(hash bytea) returns uuid
language sql stable security definer set search_path = pg_catalog, public, pg_temp
  return (select i.tenant_id from invitations i where i.token_hash = hash);
create function tenant_of_flow(hash bytea) returns uuid
language sql stable security definer set search_path = pg_catalog, public, pg_temp
  return (select f.tenant_id from onboarding_flows f where f.secret_hash = hash);
revoke execute on function tenant_of_link(bytea), tenant_of_flow(bytea) from public;
grant execute on function tenant_of_link(bytea), tenant_of_flow(bytea) to portal_web;
