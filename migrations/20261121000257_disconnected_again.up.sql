-- A customer who is disconnected again, with nothing connected since, was told as one who never had a connection: “proven”,
-- whatever the last report had said of Microsoft. The connection that the last time ended stands for it; one that was granted since
-- and rejected, or has lapsed, stands for itself.
create or replace function stop_hand_out(disconnection uuid, plug uuid, at timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update app_only_trials t
  set state = 'failed', failure = 'disconnected', next_look_at = null, lease_id = null, lease_until = null, updated_at = at
  from disconnections d
  where (d.id = disconnection or d.plug_id = plug) and t.tenant_id = d.tenant_id and t.state = 'trying';

  with standing as (
    select c.tenant_id, c.id, c.state, c.obtained_at
    from disconnections d join connections c on c.tenant_id = d.tenant_id
    where (d.id = disconnection or d.plug_id = plug) and c.state <> 'revoked'
    order by c.tenant_id, c.id
    for update of c
  ),
  ended as (
    update connections c set state = 'revoked', state_since = at, pending_reason = null
    from standing s where c.tenant_id = s.tenant_id and c.id = s.id
  ),
  chosen as (
    select distinct on (tenant_id) tenant_id, id from standing
    order by tenant_id, state = 'pending', obtained_at desc
  )
  update disconnections d set connection_id = c.id
  from chosen c where (d.id = disconnection or d.plug_id = plug) and d.tenant_id = c.tenant_id;

  -- Nothing stands: what was granted since the last time is what there is to tell of (a grant that was rejected or has lapsed),
  -- or else what that one ended.
  update disconnections d set connection_id = coalesce(
    (select c.id from connections c
      where c.tenant_id = d.tenant_id and c.obtained_at > coalesce((select max(b.started_at) from disconnections b
        where b.tenant_id = d.tenant_id and b.connection_id is not null), '-infinity')
      order by c.obtained_at desc limit 1),
    (select b.connection_id from disconnections b where b.tenant_id = d.tenant_id and b.connection_id is not null
      order by b.started_at desc, b.id desc limit 1))
  where (d.id = disconnection or d.plug_id = plug) and d.connection_id is null;

  update data_keys k
  set ends_with = d.id, state = case when k.state = 'active' then 'decrypt' else k.state end
  from disconnections d
  where (d.id = disconnection or d.plug_id = plug) and d.delete_everything
    and k.tenant_id = d.tenant_id and k.state <> 'destroyed';
end
$$;
