-- A form that is sent twice (a second click, a resent request) makes one invitation.

alter table invitations
  -- SHA-256 of the form's hidden number and of what was typed; null: no form made it (a script, a campaign).
  add column form_hash bytea,
  add constraint invitations_form_hash_check check (octet_length(form_hash) = 32),
  add constraint invitations_form_hash_key unique (tenant_id, form_hash);
grant select (form_hash) on invitations to portal_web;
