-- Why: a script whose connection broke sends a creating call again and must not create twice. The answer to a call with an
-- Idempotency-Key is kept for a day and given again. Access tokens are never among them: a hand-out is not kept.
create table api_replies (
  key_id uuid not null references api_keys on delete cascade,
  -- As the caller chose it.
  name text not null,
  -- SHA-256 of method, address and body: the same name for another call is a mistake.
  request_hash bytea not null,
  -- Null while the call is running; then nobody else runs it before the lease ends, by the database's clock.
  status smallint,
  body text not null default '',
  lease_until timestamptz not null,
  created_at timestamptz not null,
  constraint api_replies_pkey primary key (key_id, name),
  constraint api_replies_name_check check (char_length(name) between 1 and 255)
);
create index api_replies_created_idx on api_replies (created_at);
grant select, insert, update, delete on api_replies to portal_web;
grant select on api_replies to portal_backup;
