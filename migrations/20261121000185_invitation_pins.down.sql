revoke update (state, started_at, ended_at, email_sent_at, email_sent_count, new_link_asked_at, pin_tries, pin_pass_hash)
  on invitations from portal_web;
grant update on invitations to portal_web;
alter table invitations drop column pin_hash, drop column pin_tries, drop column pin_pass_hash;
