-- Why: the keeper drops months of the audit log that are past what the settings keep, and signs for it in the same
-- transaction. However it asks, ninety days stay by the database's clock and by the newest row, and no month goes that is
-- not wholly sealed.
create function drop_audit_months(day date)
returns table (months integer, events bigint, events_before timestamptz, cut_seq bigint, cut_hash bytea)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '5s' as $$
declare
  newest timestamptz := (select max(e.at) from audit_events e);
  until timestamptz := date_trunc('month', least(day::timestamp at time zone 'UTC', now() - interval '90 days',
    newest - interval '90 days') at time zone 'UTC') at time zone 'UTC';
  part record;
  last record;
  counted bigint;
begin
  months := 0;
  events := 0;
  events_before := until;
  if exists (select from audit_unsealed u where u.event_at < until) then
    return next;
    return;
  end if;
  for part in select * from months_before('audit_events', until) loop
    execute format('select count(*) from public.%I', part.name) into counted;
    events := events + counted;
    execute format('drop table public.%I', part.name);
    months := months + 1;
  end loop;
  for part in select * from months_before('audit_seals', until) loop
    -- A seal stays while its row does, and then every later one stays too.
    execute format('select count(*) from public.%I s where s.event_at >= $1
      or exists (select from public.audit_events_default d where d.id = s.event_id and d.at = s.event_at)', part.name)
      into counted using until;
    exit when counted > 0;
    execute format('select s.seq, s.hash from public.%I s order by s.seq desc limit 1', part.name) into last;
    if last.seq is not null then
      cut_seq := last.seq;
      cut_hash := last.hash;
    end if;
    execute format('drop table public.%I', part.name);
    months := months + 1;
  end loop;
  return next;
end
$$;

-- Partitions of a table by month that ended by `until`, oldest first.
create function months_before(parent text, until timestamptz) returns table (name text)
language sql stable set search_path = pg_catalog, public, pg_temp as $$
  select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = to_regclass('public.' || parent) and c.relname ~ ('^' || parent || '_\d{6}$')
    and (to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month') at time zone 'UTC' <= until
  order by 1
$$;
revoke execute on function drop_audit_months(date), months_before(text, timestamptz) from public;
grant execute on function drop_audit_months(date) to portal_keeper;
