-- Why: customers are spoken to by the MSP, in its name and colours, in their own language, and only as far as they are
-- meant to be. Without rows everything is as the settings file says, in English.

-- The MSP's name, logo and colour as customers see them; one row. Empty: as the settings say.
create table branding (
  one boolean primary key default true check (one),
  display_name text not null default '',
  legal_name text not null default '',
  contact text not null default '',
  -- `#rrggbb`, dark enough for white letters.
  accent text not null default '' check (accent ~ '^(#[0-9a-f]{6})?$'),
  -- Always a PNG that we made ourselves from what was sent.
  logo bytea,
  logo_id uuid,
  check ((logo is null) = (logo_id is null)),
  updated_at timestamptz not null default now()
);
insert into branding default values;
grant select, update on branding to portal_web;
grant select on branding to portal_backup;

-- What holds for all mails to customers; one row.
create table mail_settings (
  one boolean primary key default true check (one),
  language text not null default 'en' check (language in ('en', 'de', 'fr', 'es', 'nl')),
  -- So many days before it lapses an unused invitation is called to mind; only where the tenant has it switched on.
  reminder_days smallint not null default 2 check (reminder_days between 1 and 14),
  -- Nothing that happened before is told of.
  since timestamptz not null default now()
);
insert into mail_settings default values;
grant select, update on mail_settings to portal_web;
grant select on mail_settings to portal_backup;

-- The MSP's own texts; a kind and language without a row has the product's.
create table mail_texts (
  kind text not null
    check (kind in ('invitation', 'reminder', 'completed', 'about_to_expire', 'campaign', 'campaign_reminder')),
  language text not null check (language in ('en', 'de', 'fr', 'es', 'nl')),
  subject text not null,
  body text not null,
  primary key (kind, language)
);
grant select, insert, update, delete on mail_texts to portal_web;
grant select on mail_texts to portal_backup;

-- Which mails a customer gets, where, and in which language. Without a row: the invitation, and the receipt of what came of it.
create table tenant_mailing (
  tenant_id uuid primary key references tenants,
  -- Empty: the installation's.
  language text not null default '' check (language in ('', 'en', 'de', 'fr', 'es', 'nl')),
  -- Empty: where invitations go.
  to_address text not null default '',
  reminder boolean not null default false,
  completed boolean not null default true,
  about_to_expire boolean not null default false
);
grant select, insert, update on tenant_mailing to portal_web;
grant select on tenant_mailing to portal_backup;

create index customer_mails_stuck_idx on customer_mails (created_at desc) where state in ('failed', 'held');
