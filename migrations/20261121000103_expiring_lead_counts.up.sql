-- Why: a tenant's own lead time (20261121000102) decides when it is Expiring. The function is the one rule; nothing else in
-- it changes.
-- One row per tenant that is not archived, as it stands at the business instant `at`.
create or replace function authentication_status(at timestamptz) returns table (
  tenant_id uuid,
  short_name text,
  full_name text,
  domain text,
  -- The administrator who authorised us, or the one expected to.
  admin text,
  -- Null while there is no current connection.
  connection_id uuid,
  connection_state text,
  mode text,
  -- valid, expiring, retrying, expired, not_connected, invitation_pending, suspended
  state text,
  since timestamptz,
  -- Category of the catalogue; null unless the state is expired or retrying and the keeper named one.
  cause text,
  pending_reason text,
  suspended_reason text,
  expires_at timestamptz,
  expires_reason text,
  last_ok_at timestamptz,
  last_error_at timestamptz,
  last_error_id bigint,
  last_error_code integer,
  tokens_valid integer,
  tokens_total integer,
  open_invitation_id uuid
)
language sql stable parallel safe
as $$
  select s.id, s.short_name, s.full_name, s.domain, s.admin, s.connection_id, s.connection_state, s.mode, s.state,
    case
      when s.state = 'suspended' then s.tenant_since
      when s.state = 'expired' or s.state = 'valid' then s.connection_since
      when s.state = 'retrying' then coalesce(s.trouble_since, s.connection_since)
      when s.state = 'expiring' then greatest(s.connection_since, s.expires_at - s.lead)
      else coalesce(
        (select max(p.state_since) from connections p where p.tenant_id = s.id and p.state = 'pending'),
        (select max(i.created_at) from invitations i where i.tenant_id = s.id and i.state = 'open' and i.expires_at > at),
        (select max(r.state_since) from connections r where r.tenant_id = s.id and r.state = 'revoked'),
        s.created_at)
    end,
    case when s.state in ('expired', 'retrying') then s.cause end,
    (select p.pending_reason from connections p where p.tenant_id = s.id and p.state = 'pending'
      order by p.state_since desc limit 1),
    case when s.state = 'suspended' then s.state_reason end,
    s.expires_at, s.expires_reason, s.last_ok_at, s.last_error_at, s.last_error_id, s.last_error_code,
    (select count(*)::integer from tenant_resources r
      join tokens k on k.tenant_id = r.tenant_id and k.connection_id = s.connection_id and k.resource = r.resource
      where r.tenant_id = s.id and k.state = 'valid' and s.connection_state in ('active', 'suspect')),
    (select count(*)::integer from tenant_resources r where r.tenant_id = s.id),
    (select i.id from invitations i where i.tenant_id = s.id and i.state = 'open' and i.expires_at > at
      order by i.created_at desc limit 1)
  from (
    select t.id, t.short_name, t.full_name, t.domain, t.state_reason, t.created_at, t.state_since as tenant_since,
      coalesce(nullif(c.admin_username, ''), t.admin_username) as admin,
      c.id as connection_id, c.state as connection_state, c.state_since as connection_since, c.mode, c.cause,
      c.trouble_since, c.expires_at, c.expires_reason, c.last_ok_at, c.last_error_at, c.last_error_id, c.last_error_code,
      coalesce(make_interval(days => t.expiring_lead_days), expiring_lead(c.expires_reason, c.obtained_at, c.expires_at))
        as lead,
      case
        when t.state = 'suspended' then 'suspended'
        when c.state in ('needs_consent', 'quarantined') then 'expired'
        when c.state = 'suspect' or c.trouble_since is not null then 'retrying'
        when c.expires_at <= at
          + coalesce(make_interval(days => t.expiring_lead_days), expiring_lead(c.expires_reason, c.obtained_at, c.expires_at))
          then 'expiring'
        when c.state = 'active' then 'valid'
        when exists (select from connections p where p.tenant_id = t.id and p.state = 'pending')
          or exists (select from invitations i where i.tenant_id = t.id and i.state = 'open' and i.expires_at > at)
          then 'invitation_pending'
        else 'not_connected'
      end as state
    from tenants t
    left join connections c on c.tenant_id = t.id and c.state not in ('pending', 'revoked')
    where t.state <> 'archived'
  ) s
$$;
