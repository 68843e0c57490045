-- Why: a key that was suspended is an alarm. Keys have a migration of their own, which may not be there in a build without them.
create function note_alert_of_key() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into alert_events (at, kind, word, object_id) values (new.state_since, 'key_suspended', new.state_reason, new.id);
  return null;
end
$$;
revoke execute on function note_alert_of_key() from public;
do $$
begin
  if to_regclass('public.api_keys') is not null then
    create trigger api_keys_alert after update on api_keys for each row
      when (old.state is distinct from new.state and new.state = 'suspended') execute function note_alert_of_key();
  end if;
end
$$;
