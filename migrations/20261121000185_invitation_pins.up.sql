-- Why: a link can be read by others on its way. An invitation may ask for eight digits besides, which a technician tells by
-- telephone; five wrong ones end it. And what an invitation promises (tenant, administrator, link, end, PIN) never changes
-- after it was made: the portal's role may no longer rewrite those columns.
alter table invitations
  -- Argon2id as PHC text; null: no PIN is asked for.
  add column pin_hash text,
  -- Wrong PINs, and tries under way: counted before a try is looked at, so that many at once are not one.
  add column pin_tries smallint not null default 0,
  -- SHA-256 of the secret in the browser that told the PIN last.
  add column pin_pass_hash bytea,
  add constraint invitations_pin_tries_check check (pin_tries between 0 and 5),
  add constraint invitations_pin_check check (pin_hash is not null or (pin_tries = 0 and pin_pass_hash is null));
grant select (pin_hash, pin_tries, pin_pass_hash) on invitations to portal_web;
revoke update on invitations from portal_web;
grant update (state, started_at, ended_at, email_sent_at, email_sent_count, new_link_asked_at, pin_tries, pin_pass_hash)
  on invitations to portal_web;
