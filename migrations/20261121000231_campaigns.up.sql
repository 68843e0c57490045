-- Why: when a permission is newly required, or many authorisations have lapsed, hundreds of customers have to be asked, not
-- all in one minute, and each once. A campaign says who is asked for what reason and how fast; what became of each is read
-- from the mail, the invitation, the attempts and the checks, so that it is right whatever happened to whom.
create table campaigns (
  id uuid primary key,
  name text not null,
  reason text not null,
  -- How the administrator signs in; empty: as each tenant does now.
  method text not null default '',
  -- Why, in the MSP's own words; empty: the reason's sentence in the customer's language.
  sentence text not null default '',
  -- A text of its own; null: the one of its kind.
  subject_template text,
  body_template text,
  -- Mails an hour, reminders among them; hours of the day (UTC) and days in which they go out.
  per_hour integer not null,
  hours_from smallint,
  hours_until smallint,
  weekdays_only boolean not null default false,
  deadline timestamptz,
  remind_days smallint not null default 0,
  remind_most smallint not null default 0,
  state text not null default 'draft',
  -- How many tenants it has. Whoever sees fewer may look at theirs and may not stop it.
  size integer not null,
  -- No mail of it goes out before then.
  next_send_at timestamptz,
  created_by uuid references technicians,
  created_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  -- Why it ended, as people read it.
  end_reason text not null default '',
  constraint campaigns_reason_check check (reason in ('expired', 'permission', 'move', 'deadline')),
  constraint campaigns_method_check check (method in ('', 'device_code', 'auth_code', 'app_only')),
  constraint campaigns_template_check check ((subject_template is null) = (body_template is null)),
  constraint campaigns_pace_check check (per_hour between 1 and 10000),
  constraint campaigns_hours_check check ((hours_from is null) = (hours_until is null)
    and (hours_from is null or (hours_from between 0 and 23 and hours_until between 1 and 24 and hours_from < hours_until))),
  constraint campaigns_remind_check check (remind_days between 0 and 60 and remind_most between 0 and 10),
  constraint campaigns_state_check check (state in ('draft', 'running', 'paused', 'stopped', 'done')),
  constraint campaigns_ended_check check ((state in ('stopped', 'done')) = (ended_at is not null)),
  constraint campaigns_running_check check (state <> 'running' or next_send_at is not null)
);
create index campaigns_running_idx on campaigns (next_send_at) where state = 'running';
create index campaigns_created_at_idx on campaigns (created_at desc, id);
create index campaigns_created_by_idx on campaigns (created_by);

create table campaign_tenants (
  tenant_id uuid not null references tenants,
  campaign_id uuid not null references campaigns on delete cascade,
  -- In which order they are asked.
  place integer not null,
  -- waiting: not asked yet. asked: a mail is queued; how it goes on is read from there. The others ended without.
  state text not null default 'waiting',
  -- Why it failed or was stopped, as people read it.
  why text not null default '',
  asked_at timestamptz,
  reminders smallint not null default 0,
  next_reminder_at timestamptz,
  -- When the checks after an authorisation were last begun.
  checked_at timestamptz,
  checks smallint not null default 0,
  updated_at timestamptz not null,
  primary key (tenant_id, campaign_id),
  constraint campaign_tenants_state_check check (state in ('waiting', 'asked', 'failed', 'stopped')),
  constraint campaign_tenants_asked_check check (state <> 'asked' or asked_at is not null)
);
create index campaign_tenants_campaign_idx on campaign_tenants (campaign_id, state, place);
create index campaign_tenants_reminders_idx on campaign_tenants (next_reminder_at)
  where state = 'asked' and next_reminder_at is not null;
grant select, insert, update, delete on campaigns, campaign_tenants to portal_web;
grant select on campaigns, campaign_tenants to portal_backup;

-- Its bearer has opened the link and pressed on (a mail scanner presses nothing).
alter table invitations add column opened_at timestamptz;
grant select (opened_at), update (opened_at) on invitations to portal_web;

-- How far each tenant of a campaign has come. Runs as whoever asks, so that row policies hold.
-- The invitation that counts is the newest since the tenant was asked, or the one that was used: a technician who makes a new
-- link, or a customer who comes by another one, gets there as well.
-- All tenants of it, or one.
create function campaign_board(campaign uuid, only_tenant uuid default null) returns table (
  tenant_id uuid, stage text, since timestamptz, why text, last_mail_at timestamptz, next_reminder_at timestamptz,
  reminders integer, invitation_id uuid, invitation_state text, untouched boolean)
language sql stable parallel safe set search_path = pg_catalog, public, pg_temp as $$
  select ct.tenant_id, s.stage, s.since, s.why, greatest(m.sent_at, r.sent_at),
    case when s.stage in ('sent', 'opened', 'started', 'failed') and ct.state = 'asked' then ct.next_reminder_at end,
    ct.reminders::integer, i.id, i.state, coalesce(i.state = 'open' and i.opened_at is null and i.started_at is null, false)
  from campaign_tenants ct
  left join lateral (
    select i.id, i.state, i.opened_at, i.started_at, i.ended_at from invitations i
    where i.tenant_id = ct.tenant_id and i.created_at >= ct.asked_at
    order by (i.state = 'completed') desc, i.created_at desc, i.id desc limit 1) i on true
  left join lateral (
    select f.state, f.failure, f.updated_at from onboarding_flows f
    where f.tenant_id = ct.tenant_id and f.invitation_id = i.id and f.state <> 'superseded'
    order by f.created_at desc limit 1) f on true
  left join lateral (
    select v.passed, v.at from validations v
    where i.state = 'completed' and v.tenant_id = ct.tenant_id and v.at >= i.ended_at
    order by v.passed desc, v.at limit 1) v on true
  left join customer_mails m on m.tenant_id = ct.tenant_id and m.dedupe_key = 'campaign:' || ct.campaign_id
  left join customer_mails r on r.tenant_id = ct.tenant_id
    and r.dedupe_key = 'campaign:' || ct.campaign_id || ':r' || ct.reminders
  cross join lateral (select x.stage, x.since, x.why from (values
    (1, v.passed, 'validated', v.at, ''),
    (2, not v.passed, 'failed', v.at, 'check'),
    (3, i.state = 'completed', 'consented', i.ended_at, ''),
    (4, ct.state = 'stopped', 'stopped', ct.updated_at, ct.why),
    (5, ct.state = 'failed', 'failed', ct.updated_at, ct.why),
    (6, ct.state = 'waiting', 'waiting', ct.updated_at, ''),
    (7, f.state = 'held', 'consented', f.updated_at, 'held'),
    (8, i.state = 'expired', 'failed', i.ended_at, 'link expired'),
    (9, i.state = 'revoked', 'failed', i.ended_at, 'link revoked'),
    (10, f.state = 'failed', 'failed', f.updated_at, 'flow ' || f.failure),
    (11, f.state in ('consent_needed', 'awaiting_approval'), 'started', f.updated_at, f.state),
    (12, f.state is not null, 'started', f.updated_at, ''),
    (13, i.started_at is not null, 'started', i.started_at, ''),
    (14, i.opened_at is not null, 'opened', i.opened_at, ''),
    (15, m.state = 'sent' or r.state = 'sent', 'sent', coalesce(r.sent_at, m.sent_at), ''),
    (16, m.state = 'failed', 'failed', m.next_attempt_at, 'mail ' || m.last_error),
    (17, m.state = 'cancelled', 'failed', m.next_attempt_at, 'mail ' || m.last_error),
    (18, m.state = 'held', 'waiting', ct.updated_at, 'mail held'),
    (19, true, 'waiting', ct.updated_at, 'mail queued')
  ) x (n, holds, stage, since, why) where x.holds order by x.n limit 1) s
  where ct.campaign_id = campaign and (only_tenant is null or ct.tenant_id = only_tenant)
$$;
revoke execute on function campaign_board(uuid, uuid) from public;
grant execute on function campaign_board(uuid, uuid) to portal_web;
