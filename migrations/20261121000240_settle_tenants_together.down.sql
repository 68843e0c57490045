drop trigger tenants_settle on tenants;
create or replace function settle_changed_tenant() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform settle_tenant_status(array[new.id], status_now());
  return null;
end
$$;
create trigger tenants_settle after update on tenants for each row
  when (old.short_name is distinct from new.short_name or old.full_name is distinct from new.full_name
    or old.domain is distinct from new.domain or old.admin_username is distinct from new.admin_username
    or old.invitation_email is distinct from new.invitation_email or old.state is distinct from new.state
    or old.state_reason is distinct from new.state_reason or old.state_since is distinct from new.state_since
    or old.expiring_lead_days is distinct from new.expiring_lead_days)
  execute function settle_changed_tenant();
