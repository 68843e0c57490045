-- Why: errors are kept as long as the setting says, and whole months are dropped then; deleting a million rows would cost
-- more than recording them did. The portal may ask for it and cannot do anything else to the record. However it asks, the
-- four weeks before the newest error stay.
create function drop_msal_errors_before(day date) returns table (months integer, errors bigint)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '5s' as $$
declare
  newest timestamptz := (select e.at from msal_errors e order by e.id desc limit 1);
  until date := date_trunc('month', least(day, (newest at time zone 'UTC')::date - 28))::date;
  month record;
begin
  months := 0;
  errors := 0;
  for month in
    select c.relname as name, to_date(right(c.relname, 6), 'YYYYMM') as begins
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'public.msal_errors'::regclass and c.relname ~ '^msal_errors_\d{6}$'
      and (to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month')::date <= until
    order by 1
  loop
    errors := errors + unfold_msal_errors(month.begins::timestamp at time zone 'UTC',
      (month.begins + interval '1 month') at time zone 'UTC');
    execute format('drop table public.%I', month.name);
    months := months + 1;
  end loop;
  -- What no month covered.
  errors := errors + unfold_msal_errors('-infinity', until::timestamp at time zone 'UTC');
  delete from msal_errors_default d where d.at < until::timestamp at time zone 'UTC';
  return next;
end
$$;

-- Take what lies between two instants out of the kept counts; gives how many errors that are.
create function unfold_msal_errors(since timestamptz, until timestamptz) returns bigint
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  gone bigint;
begin
  with counted as (
    select tenant_id, category, resource, count(*) as n from msal_errors e where e.at >= since and e.at < until group by 1, 2, 3
  ), folded as (
    update msal_error_folds f set errors = f.errors - c.n from counted c
    where f.tenant_id = c.tenant_id and f.category = c.category and f.resource = c.resource
  )
  select coalesce(sum(n), 0)::bigint into gone from counted;
  if gone > 0 then
    delete from msal_error_folds where errors <= 0;
  end if;
  return gone;
end
$$;
revoke execute on function drop_msal_errors_before(date), unfold_msal_errors(timestamptz, timestamptz) from public;
grant execute on function drop_msal_errors_before(date) to portal_web;
