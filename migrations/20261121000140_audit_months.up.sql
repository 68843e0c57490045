-- Why: the audit log is kept for a time that the settings say and dropped by whole months then, as the errors are; a table
-- that refuses every deletion can lose a partition and nothing else. What was written before moves along, under its ids.
alter table audit_events rename to audit_events_flat;
alter sequence audit_events_id_seq rename to audit_events_flat_id_seq;
alter table audit_events_flat rename constraint audit_events_pkey to audit_events_flat_pkey;
drop index audit_events_tenant_idx, audit_events_story_idx;

create table audit_events (
  id bigint generated always as identity,
  at timestamptz not null,
  -- Null for acts that concern no tenant.
  tenant_id uuid,
  actor_type text not null,
  actor_id uuid,
  -- How the actor is shown: a technician's e-mail, or what acted by itself.
  actor_name text not null,
  ip text not null default '',
  action text not null,
  object_type text not null default '',
  object_id text not null default '',
  result text not null default 'done',
  request_id text not null default '',
  details jsonb not null default '{}',
  -- The API key that was used; null for everybody else.
  key_id uuid,
  primary key (id, at),
  constraint audit_events_actor_type_check check (actor_type in ('technician', 'customer', 'visitor', 'keeper', 'worker', 'command')),
  constraint audit_events_result_check check (result in ('done', 'denied', 'failed'))
) partition by range (at);
create index audit_events_tenant_idx on audit_events (tenant_id, id desc);
-- A tenant's acts are told as its story; the renewals among them, nearly all the entries, are counted elsewhere.
create index audit_events_story_idx on audit_events (tenant_id, id desc)
  where action not in ('token.refresh', 'token.hand_out', 'customer_portal.entered', 'customer_portal.left');
-- The page's filters. Renewals are left aside there too unless somebody asks for them.
create index audit_events_acts_idx on audit_events (id desc) where action <> 'token.refresh';
create index audit_events_action_idx on audit_events (action, id desc) where action <> 'token.refresh';
create index audit_events_actor_idx on audit_events (actor_name, id desc) where action <> 'token.refresh';
create index audit_events_at_idx on audit_events (at, id);
-- Catches what no month covers (a clock gone wrong); empty in a healthy installation.
create table audit_events_default partition of audit_events default;

-- Rows of every partition, whoever names it. TRUNCATE has no rows, so each partition refuses it for itself.
create trigger audit_events_append_only before update or delete on audit_events
  for each row execute function refuse_change();
create trigger audit_events_no_truncate before truncate on audit_events
  for each statement execute function refuse_change();
create trigger audit_events_no_truncate before truncate on audit_events_default
  for each statement execute function refuse_change();

-- Make the months from `since` to `until` of a table that is partitioned by month and append only.
create function ensure_append_only_months(parent text, since date, until date) returns integer
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  month date := date_trunc('month', since)::date;
  part text;
  made integer := 0;
begin
  if until - since > 3660 then
    raise exception 'partitions for more than ten years asked';
  end if;
  while month <= until loop
    part := parent || '_' || to_char(month, 'YYYYMM');
    if to_regclass('public.' || part) is null then
      begin
        execute format('create table public.%I partition of public.%I for values from (%L) to (%L)', part, parent,
          to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00',
          to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
        execute format('create trigger %I before truncate on public.%I for each statement execute function public.refuse_change()',
          parent || '_no_truncate', part);
        made := made + 1;
      exception
        when check_violation then
          null; -- Rows of this month lie in the default partition already, and stay there.
        when duplicate_table or duplicate_object or unique_violation then
          null; -- Somebody else made it at the same moment.
      end;
    end if;
    month := (month + interval '1 month')::date;
  end loop;
  return made;
end
$$;
create function ensure_audit_months(since date, until date) returns integer
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  select ensure_append_only_months('audit_events', since, until)
$$;
revoke execute on function ensure_append_only_months(text, date, date), ensure_audit_months(date, date) from public;
grant execute on function ensure_audit_months(date, date) to portal_web, portal_keeper;

select ensure_audit_months(
  greatest(coalesce(min(at), now()), now() - interval '5 years')::date, (now() + interval '1 year')::date)
from audit_events_flat;
insert into audit_events overriding system value
  select id, at, tenant_id, actor_type, actor_id, actor_name, ip, action, object_type, object_id, result, request_id, details
  from audit_events_flat order by id;
select setval(pg_get_serial_sequence('audit_events', 'id'), max(id)) from audit_events having max(id) is not null;
drop table audit_events_flat;

grant select, insert on audit_events to portal_web, portal_keeper;
grant usage on sequence audit_events_id_seq to portal_web, portal_keeper;
grant select on audit_events to portal_backup;
