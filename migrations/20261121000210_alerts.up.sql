-- Why: nobody should have to open a page to learn that a customer's authorisation is dying. What happens is written down in the
-- transaction in which it happens (`alert_events`); a worker makes alerts of it by the MSP's rules, and in the same
-- transaction the messages that each channel is owed (`alert_deliveries`). Nothing is lost between any two of these steps.

-- Where messages go. Addresses that are secrets and keys to sign with are sealed, in a table of their own.
create table alert_channels (
  id uuid primary key,
  name text not null,
  -- 'owners': mail to whoever is an owner when it is sent; made here and kept.
  kind text not null,
  recipients text[] not null default '{}',
  -- Of a sealed address what may be shown.
  url_hint text not null default '',
  -- Heartbeat: called so often while the workers live.
  every_minutes smallint,
  beat_at timestamptz,
  -- 'off': by hand; 'held': after a restore; 'disabled': it failed for days.
  state text not null default 'active',
  state_since timestamptz not null,
  -- The first failure since the last message that was taken.
  failing_since timestamptz,
  last_at timestamptz,
  last_outcome text not null default '',
  last_ok_at timestamptz,
  created_at timestamptz not null,
  constraint alert_channels_name_check check (char_length(name) between 1 and 80),
  constraint alert_channels_kind_check
    check (kind in ('owners', 'mail', 'webhook', 'teams', 'slack', 'ticket_mail', 'ticket_webhook', 'heartbeat')),
  constraint alert_channels_state_check check (state in ('active', 'off', 'held', 'disabled')),
  constraint alert_channels_beat_check check ((kind = 'heartbeat') = (every_minutes is not null))
);
create unique index alert_channels_name_key on alert_channels (lower(name));

create table alert_channel_secrets (
  id uuid primary key,
  channel_id uuid not null references alert_channels on delete cascade,
  kind text not null,
  ct bytea not null,
  created_at timestamptz not null,
  -- Not used from then on: a key that was replaced signs beside the new one until then.
  until timestamptz,
  constraint alert_channel_secrets_kind_check check (kind in ('url', 'signing'))
);
create index alert_channel_secrets_channel_idx on alert_channel_secrets (channel_id, kind);

create table alert_rules (
  id uuid primary key,
  name text not null,
  enabled boolean not null default true,
  -- Null: every tenant; else as `limit_admits` reads it.
  reach text,
  tags text[] not null default '{}',
  tenants uuid[] not null default '{}',
  events text[] not null,
  severity text not null,
  -- Days before an end, minutes of trouble.
  lead_days smallint not null default 14,
  retrying_minutes integer not null default 60,
  -- From and until on the wall clock of the zone; null: no quiet hours.
  quiet_from time,
  quiet_until time,
  quiet_zone text not null default 'UTC',
  urgent_passes boolean not null default true,
  -- Null: told once.
  remind_hours smallint,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint alert_rules_name_check check (char_length(name) between 1 and 80),
  constraint alert_rules_reach_check check (reach in ('only', 'except')),
  constraint alert_rules_severity_check check (severity in ('info', 'warning', 'urgent')),
  constraint alert_rules_lead_check check (lead_days between 1 and 90),
  constraint alert_rules_retrying_check check (retrying_minutes between 5 and 10080),
  constraint alert_rules_remind_check check (remind_hours between 1 and 720),
  constraint alert_rules_quiet_check check ((quiet_from is null) = (quiet_until is null))
);
create table alert_rule_channels (
  rule_id uuid not null references alert_rules on delete cascade,
  channel_id uuid not null references alert_channels on delete cascade,
  primary key (rule_id, channel_id)
);
create index alert_rule_channels_channel_idx on alert_rule_channels (channel_id);

-- What happened, in the order of one tenant's happenings. A row waits until it was made into alerts.
create table alert_events (
  id bigint generated always as identity primary key,
  tenant_id uuid references tenants on delete cascade,
  at timestamptz not null,
  kind text not null,
  -- State or cause as the kind has it.
  word text not null default '',
  object_id uuid,
  handled_at timestamptz
);
create index alert_events_waiting_idx on alert_events (id) where handled_at is null;
create index alert_events_handled_idx on alert_events (handled_at) where handled_at is not null;

-- One open condition per rule, tenant and subject; or one per incident. What merely happened is closed as it is opened.
create table alerts (
  id uuid primary key,
  -- Null once the rule is gone.
  rule_id uuid references alert_rules on delete set null,
  tenant_id uuid references tenants on delete cascade,
  incident_id uuid references incidents on delete cascade,
  event text not null,
  -- What it is about besides the tenant: an invitation, a registration, an incident.
  subject text not null default '',
  cause text not null default '',
  severity text not null,
  -- Of the trouble itself.
  began_at timestamptz not null,
  opened_at timestamptz not null,
  closed_at timestamptz,
  closed_why text not null default '',
  -- Null while nobody was told because it was snoozed.
  told_at timestamptz,
  next_reminder_at timestamptz,
  -- Messages so far, so that a receiver can put them in order.
  sequence integer not null default 0,
  snoozed_until timestamptz,
  snoozed_reason text not null default '',
  snoozed_by text not null default '',
  constraint alerts_severity_check check (severity in ('info', 'warning', 'urgent')),
  constraint alerts_close_check check (closed_at is null or closed_at >= opened_at)
);
create unique index alerts_open_key on alerts
  (rule_id, event, (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid)), subject) where closed_at is null;
create index alerts_opened_idx on alerts (opened_at desc, id desc);
create index alerts_tenant_idx on alerts (tenant_id, opened_at desc);
create index alerts_incident_idx on alerts (incident_id) where incident_id is not null;
create index alerts_reminder_idx on alerts (next_reminder_at) where closed_at is null and next_reminder_at is not null;

create table alert_deliveries (
  -- The message's own id: `webhook-id` and Message-ID, the same for every attempt.
  id uuid primary key,
  channel_id uuid not null references alert_channels on delete cascade,
  alert_id uuid references alerts on delete cascade,
  tenant_id uuid references tenants on delete cascade,
  step text not null,
  sequence integer not null default 0,
  content jsonb not null,
  created_at timestamptz not null,
  next_at timestamptz not null,
  attempts integer not null default 0,
  first_failed_at timestamptz,
  last_at timestamptz,
  -- By the database's clock.
  lease_until timestamptz,
  state text not null default 'pending',
  outcome text not null default '',
  constraint alert_deliveries_step_check check (step in ('opened', 'reminder', 'closed', 'told', 'notice')),
  constraint alert_deliveries_state_check check (state in ('pending', 'delivered', 'failed'))
);
create index alert_deliveries_due_idx on alert_deliveries (channel_id, next_at) where state = 'pending';
create index alert_deliveries_alert_idx on alert_deliveries (alert_id);
create index alert_deliveries_latest_idx on alert_deliveries (created_at desc, id desc);

-- Sums for the metrics; they only grow.
create table alert_totals (
  outcome text primary key,
  count bigint not null default 0
);

-- Somebody outside of these tables' triggers tells of something, e.g. of an API key that was suspended.
create function note_alert_event(tenant uuid, kind text, word text, object uuid, at timestamptz) returns void
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  insert into alert_events (tenant_id, at, kind, word, object_id) values (tenant, at, kind, word, object)
$$;

create function note_alert_of_status() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into alert_events (tenant_id, at, kind, word, object_id)
  values (new.tenant_id, new.since, 'state', new.state, new.connection_id);
  return null;
end
$$;
create function note_alert_of_incident() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into alert_events (at, kind, word, object_id)
  values (coalesce(new.closed_at, new.opened_at), case when new.closed_at is null then 'incident_opened' else 'incident_closed' end,
    new.kind, new.id);
  return null;
end
$$;
create function note_alert_of_invitation() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if old.started_at is null and new.started_at is not null then
    insert into alert_events (tenant_id, at, kind, object_id) values (new.tenant_id, new.started_at, 'invitation_opened', new.id);
  end if;
  if old.state = 'open' and new.state <> 'open' then
    insert into alert_events (tenant_id, at, kind, word, object_id)
    values (new.tenant_id, new.ended_at, 'invitation_ended', new.state, new.id);
  end if;
  return null;
end
$$;
create function note_alert_of_flow() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into alert_events (tenant_id, at, kind, word, object_id)
  values (new.tenant_id, new.updated_at, 'invitation_failed', new.failure, new.invitation_id);
  return null;
end
$$;
create function note_alert_of_validation() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into alert_events (tenant_id, at, kind, word, object_id)
  values (new.tenant_id, new.at, 'validation', case when new.passed then 'passed' else 'failed' end, new.connection_id);
  return null;
end
$$;
revoke execute on function note_alert_event(uuid, text, text, uuid, timestamptz), note_alert_of_status(), note_alert_of_incident(),
  note_alert_of_invitation(), note_alert_of_flow(), note_alert_of_validation() from public;
grant execute on function note_alert_event(uuid, text, text, uuid, timestamptz) to portal_web, portal_keeper;

-- A refresh that goes well changes none of these columns.
create trigger tenant_status_alert after update on tenant_status for each row
  when (old.state is distinct from new.state) execute function note_alert_of_status();
create trigger tenant_status_alert_new after insert on tenant_status for each row
  when (new.state = 'expired') execute function note_alert_of_status();
create trigger incidents_alert_new after insert on incidents for each row execute function note_alert_of_incident();
create trigger incidents_alert after update on incidents for each row
  when (old.closed_at is null and new.closed_at is not null) execute function note_alert_of_incident();
create trigger invitations_alert after update on invitations for each row
  when (old.started_at is null and new.started_at is not null or old.state is distinct from new.state)
  execute function note_alert_of_invitation();
create trigger onboarding_flows_alert after update on onboarding_flows for each row
  when (old.state is distinct from new.state and new.state = 'failed') execute function note_alert_of_flow();
create trigger validations_alert after insert on validations for each row execute function note_alert_of_validation();

-- Is the trouble of this tenant that began then told already, as an incident? For good: also of those who recover long after
-- the incident's end. The signs of a trouble come a while before it is known to be everybody's.
create function is_of_incident(tenant uuid, began timestamptz) returns boolean language sql stable
return exists (
  select from incident_tenants t join incidents i on i.id = t.incident_id
  where t.tenant_id = tenant and began >= i.opened_at - interval '1 hour' and (i.closed_at is null or began <= i.closed_at));

-- When a message that arises at `at` may go out: at once, or when the quiet hours are over on the rule's wall clock.
create function quiet_end(at timestamptz, from_time time, until_time time, zone text) returns timestamptz language sql stable
return case
  when from_time is null or from_time = until_time then at
  when from_time < until_time then
    case when (at at time zone zone)::time >= from_time and (at at time zone zone)::time < until_time
      then ((at at time zone zone)::date + until_time) at time zone zone else at end
  when (at at time zone zone)::time >= from_time then ((at at time zone zone)::date + 1 + until_time) at time zone zone
  when (at at time zone zone)::time < until_time then ((at at time zone zone)::date + until_time) at time zone zone
  else at
end;
revoke execute on function is_of_incident(uuid, timestamptz), quiet_end(timestamptz, time, time, text) from public;
grant execute on function is_of_incident(uuid, timestamptz), quiet_end(timestamptz, time, time, text) to portal_web;

alter table data_keys drop constraint data_keys_purpose_check;
alter table data_keys add constraint data_keys_purpose_check
  check (purpose in ('connection', 'access_token', 'flow', 'invitation', 'app', 'factor', 'canary', 'audit', 'channel'));

-- Nothing is silent from the first day on: mail to the owners as soon as a mail server is named.
insert into alert_channels (id, name, kind, state_since, created_at)
values ('00000000-0000-7000-8000-000000000001', 'Owners by e-mail', 'owners', now(), now());
insert into alert_rules (id, name, events, severity, remind_hours, created_at, updated_at)
values ('00000000-0000-7000-8000-000000000002', 'What needs somebody',
  array['expired', 'expiring', 'retrying', 'incident', 'credential', 'invitation_failed', 'validation_failed', 'key_suspended',
    'recovered'], 'warning', null, now(), now());
insert into alert_rule_channels (rule_id, channel_id)
values ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001');

grant select, insert, update, delete on alert_channels, alert_rules, alert_rule_channels to portal_web;
grant select (id, channel_id, kind, created_at, until), insert, delete, update (until) on alert_channel_secrets to portal_web;
grant select, update, delete on alert_events to portal_web;
grant select, insert, update, delete on alerts, alert_deliveries, alert_totals to portal_web;
grant select on alert_channels to portal_keeper;
grant select, update on alert_channel_secrets to portal_keeper;
grant select on alert_channels, alert_channel_secrets, alert_rules, alert_rule_channels, alert_events, alerts, alert_deliveries,
  alert_totals to portal_backup;

select secure_tenant_tables();
