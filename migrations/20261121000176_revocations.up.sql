-- Why: what was revoked after a backup must stay revoked when that backup is restored, so every revocation is also written
-- to a file outside the database. The rows here are what is to be written there: made by triggers, so that none escapes,
-- whoever revokes. They are part of each backup, which tells afterwards which lines of the file it knew.
create table revocations (
  id uuid primary key,
  -- By the database's clock.
  at timestamptz not null,
  -- What kind of thing was revoked; src/domain/revocation knows them all.
  kind text not null,
  -- Its ids, and what else is needed to revoke it again. No secrets, no names.
  what jsonb not null,
  -- When a portal had written it to the file.
  exported_at timestamptz,
  -- The restore that read it from the file; null for what was revoked here.
  restore_id uuid references restores,
  constraint revocations_kind_check check (kind <> '')
);
create index revocations_export_idx on revocations (at) where exported_at is null;
create index revocations_restore_idx on revocations (restore_id, kind) where restore_id is not null;

-- The first argument is the kind, the others are columns to be kept besides tenant_id and id.
create function note_revocation() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
  gone jsonb := case when tg_op = 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
  what jsonb := jsonb_build_object('tenant_id', gone -> 'tenant_id', 'id', gone -> 'id');
begin
  for at_argument in 1 .. tg_nargs - 1 loop
    what := what || jsonb_build_object(tg_argv[at_argument], gone -> tg_argv[at_argument]);
  end loop;
  insert into revocations (id, at, kind, what)
  values (gen_random_uuid(), now(), tg_argv[0], jsonb_strip_nulls(what));
  return null;
end
$$;
revoke execute on function note_revocation() from public;

create trigger connections_revoked after update of state on connections for each row
  when (new.state = 'revoked' and old.state <> 'revoked') execute function note_revocation('connection');
create trigger disconnections_begun after insert on disconnections for each row
  execute function note_revocation('disconnection', 'delete_everything');
create trigger data_keys_given_up after update of state on data_keys for each row
  -- A key that the sweep leaves behind is no revocation: older backups still need it.
  when (new.state = 'destroyed' and old.state <> 'destroyed' and new.ends_with is not null)
  execute function note_revocation('data_key');
create trigger invitations_revoked after update of state on invitations for each row
  when (new.state = 'revoked' and old.state <> 'revoked') execute function note_revocation('invitation');
create trigger tenants_stopped after update of state on tenants for each row
  when (new.state <> old.state and new.state <> 'active') execute function note_revocation('tenant', 'state');
create trigger technicians_disabled after update of state on technicians for each row
  when (new.state = 'disabled' and old.state <> 'disabled') execute function note_revocation('technician');
create trigger technicians_removed after delete on technicians for each row
  execute function note_revocation('technician');
create trigger technicians_demoted after update of role on technicians for each row
  when (array_position(array['owner', 'admin', 'technician', 'viewer'], new.role)
    > array_position(array['owner', 'admin', 'technician', 'viewer'], old.role))
  execute function note_revocation('role', 'role');
create trigger technicians_password_ended after update of password_hash on technicians for each row
  -- The same password hashed anew at a login is not a new one.
  when (old.password_hash is not null
    and (new.password_hash is null or new.password_changed_at is distinct from old.password_changed_at))
  execute function note_revocation('password');
create trigger technician_limits_set after insert or update on technician_limits for each row
  execute function note_revocation('limit', 'technician_id', 'kind', 'tags', 'tenants');
create trigger app_credentials_retired after update of state on app_credentials for each row
  when (new.state = 'retired' and old.state <> 'retired') execute function note_revocation('credential');
create trigger app_credentials_removed after delete on app_credentials for each row
  execute function note_revocation('credential');

grant select, insert, update (exported_at) on revocations to portal_web;
grant select on revocations to portal_keeper;
