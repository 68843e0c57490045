-- Whether a campaign other than this one has written to a tenant, and that link still works: of one that is on, or of one that
-- wrote within a day (perhaps made by a second click). Runs as whoever asks, so that row policies hold.
create function campaign_asked_elsewhere(campaign uuid, tenant uuid, at timestamptz) returns boolean
language sql stable parallel safe set search_path = pg_catalog, public, pg_temp as $$
  select exists (select from customer_mails m join campaigns c on c.id = m.campaign_id
    join invitations i on i.tenant_id = m.tenant_id and i.id = m.invitation_id
    where m.tenant_id = tenant and c.id <> campaign and m.state not in ('failed', 'cancelled')
      and i.state = 'open' and i.expires_at > at
      and (c.state in ('running', 'paused') or m.created_at > at - interval '1 day'))
$$;
revoke execute on function campaign_asked_elsewhere(uuid, uuid, timestamptz) from public;
grant execute on function campaign_asked_elsewhere(uuid, uuid, timestamptz) to portal_web;
