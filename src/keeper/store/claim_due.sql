update refresh_schedule s
set lease_id = $1, lease_until = now() + make_interval(secs => $4), attempt = least(s.attempt, 1000000) + 1
from (select r.tenant_id, r.connection_id
      from refresh_schedule r
      join connections c on c.tenant_id = r.tenant_id and c.id = r.connection_id
      join tenants t on t.id = r.tenant_id
      where r.next_refresh_at <= $2 and (r.lease_until is null or r.lease_until < now())
        and c.state in ('active', 'suspect') and t.state = 'active'
      order by r.next_refresh_at
      limit $3
      for update of r skip locked) due
where s.tenant_id = due.tenant_id and s.connection_id = due.connection_id
returning s.tenant_id as "tenant_id: TenantId", s.connection_id as "connection_id: ConnectionId",
  s.lease_id as "lease_id!", s.attempt, s.next_refresh_at
