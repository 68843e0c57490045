-- Why: an import changes thousands of tenants in one statement, and each was settled by itself: minutes for ten thousand. They
-- are settled together now; a statement over one tenant costs what it did.
create or replace function settle_changed_tenant() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  ids uuid[] := array(
    select n.id from changed n join former o on o.id = n.id
    where (o.short_name, o.full_name, o.domain, o.admin_username, o.invitation_email, o.state, o.state_reason, o.state_since,
        o.expiring_lead_days)
      is distinct from (n.short_name, n.full_name, n.domain, n.admin_username, n.invitation_email, n.state, n.state_reason,
        n.state_since, n.expiring_lead_days));
begin
  if cardinality(ids) > 0 then
    perform settle_tenant_status(ids, status_now());
  end if;
  return null;
end
$$;
drop trigger tenants_settle on tenants;
create trigger tenants_settle after update on tenants
  referencing old table as former new table as changed
  for each statement execute function settle_changed_tenant();
