-- Why: keys belong to technicians and not to tenants, so the second net (migration 161) did not hold them: a query of ours that
-- forgot to filter would have shown one person's keys to another. A key is there for its owner, for itself, and for whoever
-- reaches everything; a technician's scope and a key's are both set as `technician:<id>`.
do $$
declare
  guarded record;
begin
  for guarded in
    select c.oid::regclass as name, pg_get_userbyid(c.relowner) as owner, g.condition
    from (values
      ('api_keys', 'id = (select scope_technician()) or owner_id = (select scope_technician())'),
      ('api_key_uses', 'key_id = (select scope_technician()) or exists (select from api_keys k where k.id = key_id)')
    ) g (relation, condition) join pg_class c on c.oid = ('public.' || g.relation)::regclass
  loop
    execute format('alter table %s enable row level security, force row level security', guarded.name);
    execute format(
      'create policy web on %1$s to portal_web using ((select current_setting(''app.scope'', true)) = ''all'' or %2$s)
         with check ((select current_setting(''app.scope'', true)) = ''all'' or %2$s)',
      guarded.name, guarded.condition);
    execute format('create policy keeper on %s to portal_keeper using (true) with check (true)', guarded.name);
    execute format('create policy owner on %s to %I using (true) with check (true)', guarded.name, guarded.owner);
  end loop;
end
$$;

-- Before it is known whose it is: the id alone, by the part of a key that is no secret.
create function api_key_of(wanted text) returns uuid
language sql stable security definer set search_path = pg_catalog, public, pg_temp
  return (select k.id from api_keys k where k.public_id = wanted);
revoke execute on function api_key_of(text) from public;
grant execute on function api_key_of(text) to portal_web;
