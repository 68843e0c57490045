-- Why: the portal shows how its database is, and its login may see no other session. The owner may, on a server where it was
-- granted pg_read_all_stats; elsewhere the oldest transaction and the replicas are only those it can see.
create function database_vitals() returns table (
  size_bytes bigint,
  connections integer,
  max_connections integer,
  -- Null when no transaction is open that may be seen.
  oldest_transaction_s double precision,
  replicas integer,
  -- Null without replicas.
  replica_lag_s double precision
)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select pg_database_size(current_database()),
    (select count(*)::integer from pg_stat_activity where backend_type = 'client backend'),
    current_setting('max_connections')::integer,
    (select extract(epoch from max(clock_timestamp() - xact_start))::float8 from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'),
    (select count(*)::integer from pg_stat_replication),
    (select extract(epoch from max(coalesce(replay_lag, interval '0')))::float8 from pg_stat_replication)
$$;
revoke execute on function database_vitals() from public;
grant execute on function database_vitals() to portal_web;
