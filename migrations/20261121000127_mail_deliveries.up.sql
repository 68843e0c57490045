-- Why: a mail that does not go out is seen by whoever sent it and by nobody else; a mail server that takes nothing for a day
-- must be seen by operations. To whom a mail went stands with the invitation, not here.
create table mail_deliveries (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  tenant_id uuid references tenants,
  -- What kind of letter, e.g. 'invitation'.
  kind text not null,
  sent boolean not null,
  -- Why it did not go out; empty when it did.
  reason text not null default ''
);
create index mail_deliveries_at_idx on mail_deliveries (at desc);
grant select, insert, delete on mail_deliveries to portal_web;
grant select on mail_deliveries to portal_backup;
grant usage on sequence mail_deliveries_id_seq to portal_web;
