do $$
begin
  if to_regclass('public.api_keys') is not null then
    drop trigger if exists api_keys_alert on api_keys;
  end if;
end
$$;
drop function note_alert_of_key();
