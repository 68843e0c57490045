alter table audit_events rename to audit_events_months;
alter sequence audit_events_id_seq rename to audit_events_months_id_seq;
alter table audit_events_months rename constraint audit_events_pkey to audit_events_months_pkey;
drop index audit_events_tenant_idx, audit_events_story_idx;
create table audit_events (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  tenant_id uuid,
  actor_type text not null,
  actor_id uuid,
  actor_name text not null,
  ip text not null default '',
  action text not null,
  object_type text not null default '',
  object_id text not null default '',
  result text not null default 'done',
  request_id text not null default '',
  details jsonb not null default '{}',
  constraint audit_events_actor_type_check check (actor_type in ('technician', 'customer', 'visitor', 'keeper', 'worker', 'command')),
  constraint audit_events_result_check check (result in ('done', 'denied', 'failed'))
);
insert into audit_events overriding system value
  select id, at, tenant_id, actor_type, actor_id, actor_name, ip, action, object_type, object_id, result, request_id, details
  from audit_events_months order by id;
select setval(pg_get_serial_sequence('audit_events', 'id'), max(id)) from audit_events having max(id) is not null;
drop table audit_events_months;
drop function ensure_audit_months(date, date);
drop function ensure_append_only_months(text, date, date);
create index audit_events_tenant_idx on audit_events (tenant_id, id desc);
create index audit_events_story_idx on audit_events (tenant_id, id desc)
  where action not in ('token.refresh', 'token.hand_out', 'customer_portal.entered', 'customer_portal.left');
create trigger audit_events_append_only before update or delete or truncate on audit_events
  for each statement execute function refuse_change();
grant select, insert on audit_events to portal_web, portal_keeper;
grant usage on sequence audit_events_id_seq to portal_web, portal_keeper;
grant select on audit_events to portal_backup;
