-- Why: hand-out must stop in the very transaction of whoever asks for it, also while no keeper answers. The portal may not
-- write connections or keys, so this one thing it may ask of the database: end them, never make or revive any.

-- The disconnection that destroys the key; such a key seals nothing new.
alter table data_keys add column ends_with uuid;
create index data_keys_ends_with_idx on data_keys (ends_with) where ends_with is not null and state <> 'destroyed';

-- Ends the standings, pending grants and trials of the tenants of one disconnection, or of all of one plug, and gives its
-- data keys to the disconnection that is to destroy them. To be called after the invitations and sign-ins were ended.
create function stop_hand_out(disconnection uuid, plug uuid, at timestamptz) returns void
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

  update data_keys k
  set ends_with = d.id, state = case when k.state = 'active' then 'decrypt' else k.state end
  from disconnections d
  where (d.id = disconnection or d.plug_id = plug) and d.delete_everything
    and k.tenant_id = d.tenant_id and k.state <> 'destroyed';
end
$$;

-- Nobody writes these until the transaction ends: for a plug, which touches so many rows that it would otherwise meet
-- others in another order.
create function hold_hand_out() returns void
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '10s' as $$
begin
  lock table invitations, onboarding_flows, connections in share row exclusive mode;
end
$$;

revoke execute on function stop_hand_out(uuid, uuid, timestamptz), hold_hand_out() from public;
grant execute on function stop_hand_out(uuid, uuid, timestamptz), hold_hand_out() to portal_web;
