-- Why: counting ten thousand tenants per state reads ten thousand rows for every page. The counts are kept. A writer adds
-- what it changed as rows of its own, so that no two writers wait for the same counter; a worker folds these into the sums;
-- a reader adds both, in one statement, and is always exact.
create table status_counts (
  -- Empty: all tenants. Otherwise those with this tag.
  tag text not null,
  state text not null,
  -- auth_token, app_only, none
  mode text not null,
  -- Empty when there is none.
  cause text not null,
  snoozed boolean not null,
  n bigint not null,
  primary key (tag, state, mode, cause, snoozed)
);
create table status_count_deltas (like status_counts) with (autovacuum_vacuum_threshold = 500);

-- The same for the charts: what ends on which day, and errors of which day.
create table day_counts (
  kind text not null,
  day date not null,
  n bigint not null,
  primary key (kind, day),
  constraint day_counts_kind_check check (kind in ('expiry', 'error'))
);
create table day_count_deltas (like day_counts) with (autovacuum_vacuum_threshold = 500);

create function note_status_counts() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if tg_op <> 'INSERT' then
    insert into status_count_deltas (tag, state, mode, cause, snoozed, n)
    select t, old.state, coalesce(old.mode, 'none'), coalesce(old.cause, ''), old.snoozed_until is not null, -1
    from unnest(array_prepend('', old.tags)) t;
    if old.lapses_on is not null then
      insert into day_count_deltas (kind, day, n) values ('expiry', old.lapses_on, -1);
    end if;
  end if;
  if tg_op <> 'DELETE' then
    insert into status_count_deltas (tag, state, mode, cause, snoozed, n)
    select t, new.state, coalesce(new.mode, 'none'), coalesce(new.cause, ''), new.snoozed_until is not null, 1
    from unnest(array_prepend('', new.tags)) t;
    if new.lapses_on is not null then
      insert into day_count_deltas (kind, day, n) values ('expiry', new.lapses_on, 1);
    end if;
  end if;
  return null;
end
$$;
create trigger tenant_status_count_new after insert or delete on tenant_status for each row
  execute function note_status_counts();
create trigger tenant_status_count after update on tenant_status for each row
  when ((old.state, old.mode, old.cause, old.snoozed_until is null, old.tags, old.lapses_on)
    is distinct from (new.state, new.mode, new.cause, new.snoozed_until is null, new.tags, new.lapses_on))
  execute function note_status_counts();

create function note_error_days() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into day_count_deltas (kind, day, n)
  select 'error', (c.at at time zone 'UTC')::date, count(*) from changed c group by 2;
  return null;
end
$$;
create trigger msal_errors_count after insert on msal_errors referencing new table as changed
  for each statement execute function note_error_days();

-- Fold what was added since; gives how many rows. One at a time: whoever finds another at it leaves it to them.
create function fold_status_counts() returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  folded bigint := 0;
  more bigint;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('tenantry fold_status_counts', 0)) then
    return 0;
  end if;
  with gone as (delete from status_count_deltas returning *),
  summed as (
    insert into status_counts as c (tag, state, mode, cause, snoozed, n)
    select tag, state, mode, cause, snoozed, sum(n) from gone group by 1, 2, 3, 4, 5 having sum(n) <> 0
    on conflict (tag, state, mode, cause, snoozed) do update set n = c.n + excluded.n)
  select count(*) into more from gone;
  folded := folded + more;
  with gone as (delete from day_count_deltas returning *),
  summed as (
    insert into day_counts as c (kind, day, n)
    select kind, day, sum(n) from gone group by 1, 2 having sum(n) <> 0
    on conflict (kind, day) do update set n = c.n + excluded.n)
  select count(*) into more from gone;
  folded := folded + more;
  if folded > 0 then
    delete from status_counts where n = 0;
    delete from day_counts where n = 0;
  end if;
  return folded;
end
$$;

-- Count everything anew, and settle every row before: after rows were loaded past the triggers.
create function rebuild_tenant_status(now_at timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  lock table tenant_status in share row exclusive mode;
  perform settle_tenant_status(array(select id from tenants), now_at);
  delete from status_count_deltas;
  delete from status_counts;
  insert into status_counts (tag, state, mode, cause, snoozed, n)
  select t, state, coalesce(mode, 'none'), coalesce(cause, ''), snoozed_until is not null, count(*)
  from tenant_status k, unnest(array_prepend('', k.tags)) t group by 1, 2, 3, 4, 5;
  delete from day_count_deltas;
  delete from day_counts;
  insert into day_counts (kind, day, n) select 'expiry', lapses_on, count(*) from tenant_status
  where lapses_on is not null group by 2;
  insert into day_counts (kind, day, n) select 'error', (at at time zone 'UTC')::date, count(*) from msal_errors group by 2;
end
$$;
revoke execute on function fold_status_counts(), rebuild_tenant_status(timestamptz) from public;
grant execute on function fold_status_counts() to portal_web;
grant select on status_counts, status_count_deltas, day_counts, day_count_deltas to portal_web, portal_backup;

select rebuild_tenant_status(now());
