-- Why: a mail to a customer must neither be lost with the process that was about to send it nor sent twice for one thing. It
-- is queued in the transaction of what it tells of, and a worker sends it. The link of an invitation is not in here: it is
-- opened by the keeper when the mail goes out.
create table customer_mails (
  tenant_id uuid not null references tenants,
  -- Also the Message-ID: whoever gets a mail twice, because its sender was killed, can tell.
  id uuid not null,
  kind text not null
    check (kind in ('invitation', 'reminder', 'completed', 'about_to_expire', 'campaign', 'campaign_reminder')),
  to_address text not null check (to_address <> ''),
  -- Empty: the tenant's, as it is when the mail goes out.
  language text not null default '' check (language in ('', 'en', 'de', 'fr', 'es', 'nl')),
  invitation_id uuid,
  campaign_id uuid,
  -- Texts of its own; null: those of its kind.
  subject_template text,
  body_template text,
  check ((subject_template is null) = (body_template is null)),
  -- Values that its sender knows and nobody else, by placeholder.
  named jsonb not null default '{}',
  -- Who of the MSP sends it, as the mail says; empty: nobody in particular.
  technician text not null default '',
  -- Nobody is mailed twice for one thing.
  dedupe_key text not null,
  unique (tenant_id, dedupe_key),
  state text not null default 'queued' check (state in ('queued', 'sending', 'sent', 'failed', 'held', 'cancelled')),
  attempts int not null default 0,
  created_at timestamptz not null,
  next_attempt_at timestamptz not null,
  give_up_at timestamptz not null,
  -- By the database's clock; whoever holds the mail is taken for dead then.
  lease_until timestamptz,
  lease_id uuid,
  check ((state = 'sending') = (lease_until is not null and lease_id is not null)),
  -- Why it did not go out, as a technician may read it.
  last_error text not null default '',
  sent_at timestamptz,
  check ((state = 'sent') = (sent_at is not null)),
  primary key (tenant_id, id),
  foreign key (tenant_id, invitation_id) references invitations
);
create index customer_mails_due_idx on customer_mails (next_attempt_at) where state in ('queued', 'sending');
create index customer_mails_invitation_idx on customer_mails (tenant_id, invitation_id, created_at desc);
create index customer_mails_campaign_idx on customer_mails (campaign_id) where campaign_id is not null;
grant select, insert, update on customer_mails to portal_web;
grant select on customer_mails to portal_backup;
