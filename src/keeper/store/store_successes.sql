with answer as (
  select * from unnest($1::int4[], $2::uuid[], $3::uuid[], $4::int8[], $5::bytea[], $6::bytea[], $7::bool[], $8::bool[],
      $9::text[], $10::bytea[], $11::text[], $12::timestamptz[], $13::timestamptz[], $14::text[], $15::int2[],
      $16::timestamptz[], $17::timestamptz[], $18::timestamptz[], $19::text[], $20::uuid[], $21::bool[], $22::timestamptz[])
    as a (ord, tenant_id, connection_id, version, ct, fingerprint, by_previous, app_only, resource, access_ct, scopes,
      acquired_at, access_ends_at, state, suspect_checks, trouble_since, next_refresh_at, lapses_at, lapse_reason,
      lease_id, last, at)
),
-- The version is compared, not the lease: a good token counts even if the lease ran out. A new token makes the present one
-- the previous one, unless it was the previous one that worked; without a new token the present one has proved itself.
swapped as (
  update connection_secrets s
  set ct_previous = case when a.by_previous then s.ct_previous when a.ct <> '' then s.ct_current end,
    previous_version = case when a.by_previous then s.previous_version when a.ct <> '' then s.version end,
    ct_current = case when a.ct <> '' then a.ct else s.ct_current end,
    fingerprint = case when a.ct <> '' then a.fingerprint else s.fingerprint end,
    obtained_at = case when a.ct <> '' then a.acquired_at else s.obtained_at end,
    version = s.version + (a.ct <> '')::int
  from answer a
  where s.tenant_id = a.tenant_id and s.connection_id = a.connection_id and s.version = a.version and not a.app_only
  returning a.ord
),
-- Without a refresh token there is no version; a connection that was ended meanwhile takes nothing more.
living as (
  select a.ord from answer a
  join connections c on c.tenant_id = a.tenant_id and c.id = a.connection_id and c.state <> 'revoked'
  where a.app_only
),
accepted as (
  select a.* from answer a where a.ord in (select ord from swapped union all select ord from living)
),
-- An older answer that comes late changes nothing.
token as (
  insert into tokens as t (tenant_id, connection_id, resource, state, ct, scopes, acquired_at, expires_at, last_ok_at)
  select tenant_id, connection_id, resource, 'valid', access_ct, string_to_array(scopes, ' '), acquired_at, access_ends_at,
    acquired_at
  from accepted
  on conflict (tenant_id, connection_id, resource) do update
  set state = 'valid', ct = excluded.ct, scopes = excluded.scopes, acquired_at = excluded.acquired_at,
    expires_at = excluded.expires_at, last_ok_at = excluded.last_ok_at, cause = null
  where t.acquired_at is null or t.acquired_at <= excluded.acquired_at
),
standing as (
  update connections c
  set state_since = case when c.state = a.state then c.state_since else a.at end, state = a.state,
    suspect_checks = a.suspect_checks, trouble_since = a.trouble_since, last_ok_at = a.at,
    expires_at = a.lapses_at, expires_reason = a.lapse_reason,
    cause = case when a.state in ('active', 'pending') and a.trouble_since is null then null else c.cause end
  from accepted a
  where c.tenant_id = a.tenant_id and c.id = a.connection_id and c.state <> 'revoked'
),
scheduled as (
  update refresh_schedule s
  set next_refresh_at = a.next_refresh_at, last_ok_at = a.at, last_error_class = null, attempt = 0,
    lease_id = case when s.lease_id = a.lease_id and a.last then null else s.lease_id end,
    lease_until = case when s.lease_id is distinct from a.lease_id then s.lease_until
      when a.last then null else now() + make_interval(secs => $23) end
  from accepted a
  where s.tenant_id = a.tenant_id and s.connection_id = a.connection_id
  returning a.ord, s.lease_id is not distinct from a.lease_id as leased
),
called as (
  insert into entra_calls (tenant_id, at, connection_id, operation, resource, http_status, outcome, duration_ms,
    correlation_id, trace_id)
  select a.tenant_id, c.at, a.connection_id, c.operation, a.resource, c.http_status, 'ok', c.duration_ms, c.correlation_id,
    c.trace_id
  from unnest($24::int4[], $25::timestamptz[], $26::text[], $27::int4[], $28::int4[], $29::uuid[], $30::text[])
    as c (ord, at, operation, http_status, duration_ms, correlation_id, trace_id)
  join accepted a using (ord)
),
audited as (
  insert into audit_events (at, tenant_id, actor_type, actor_name, action, object_type, object_id, result, details)
  select at, tenant_id, 'keeper', 'keeper', 'token.refresh', 'connection', connection_id::text, 'done',
    jsonb_build_object('resource', resource, 'version', version + (ct <> '')::int, 'by_previous', by_previous)
  from accepted
)
select ord as "ord!", coalesce(leased, false) as "leased!" from accepted left join scheduled using (ord)
