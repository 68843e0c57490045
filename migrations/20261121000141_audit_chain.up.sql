-- Why: whoever can write into the database could rewrite what was done. A keeper seals every audit row, soon after it was
-- written, into one chain whose key the database does not hold; checkpoints of the chain are signed and leave the database.
-- Rows wait in a list of their own: numbers of rows have gaps, and a row with a lower one may be committed later, so the
-- chain counts by itself, in the order in which the rows were seen.
create table audit_unsealed (
  event_id bigint,
  event_at timestamptz,
  primary key (event_id, event_at)
);
-- Emptied as fast as it is filled.
alter table audit_unsealed set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Insert only. Partitioned by the month of the sealing, which goes up with the number: dropping a month cuts a beginning off.
create table audit_seals (
  seq bigint not null,
  event_id bigint not null,
  event_at timestamptz not null,
  -- By the database's clock, never earlier than the seal before.
  sealed_at timestamptz not null,
  -- HMAC-SHA-256 of the row, so that the chain holds where rows are past their retention.
  digest bytea not null,
  -- HMAC-SHA-256 over the former seal's hash and everything above.
  hash bytea not null,
  primary key (seq, sealed_at),
  constraint audit_seals_length_check check (octet_length(digest) = 32 and octet_length(hash) = 32)
) partition by range (sealed_at);
create index audit_seals_event_idx on audit_seals (event_id, event_at);
create table audit_seals_default partition of audit_seals default;

-- The chain's end, one row: who locks it, seals.
create table audit_chain (
  id boolean primary key default true,
  seq bigint not null default 0,
  hash bytea not null default decode(repeat('00', 32), 'hex'),
  sealed_at timestamptz not null default 'epoch',
  -- The last checkpoint, and the last row it vouches for.
  checkpoint bigint not null default 0,
  checkpoint_seq bigint not null default 0,
  checkpoint_at timestamptz not null default 'epoch',
  constraint audit_chain_id_check check (id)
);
insert into audit_chain default values;

-- The chain's keys, sealed; one row, made once.
create table audit_keys (
  id uuid primary key,
  one boolean not null default true unique check (one),
  mac_ct bytea not null,
  -- Seed of the Ed25519 key that signs checkpoints.
  signing_ct bytea not null,
  public_key bytea not null,
  created_at timestamptz not null
);
alter table data_keys drop constraint data_keys_purpose_check;
alter table data_keys add constraint data_keys_purpose_check
  check (purpose in ('connection', 'access_token', 'flow', 'invitation', 'app', 'canary', 'audit'));

create table audit_checkpoints (
  number bigint primary key,
  -- periodic, closing (months were dropped).
  kind text not null,
  seq bigint not null,
  hash bytea not null,
  at timestamptz not null,
  -- Closing: rows before this instant were dropped, and seals up to this number with this hash.
  events_before timestamptz,
  cut_seq bigint,
  cut_hash bytea,
  key_id uuid not null,
  signature bytea not null,
  constraint audit_checkpoints_kind_check check (kind in ('periodic', 'closing')),
  constraint audit_checkpoints_closing_check
    check ((kind = 'closing') = (events_before is not null and cut_seq is not null and cut_hash is not null))
);

create trigger audit_seals_append_only before update or delete on audit_seals
  for each row execute function refuse_change();
create trigger audit_seals_no_truncate before truncate on audit_seals
  for each statement execute function refuse_change();
create trigger audit_seals_no_truncate before truncate on audit_seals_default
  for each statement execute function refuse_change();
create trigger audit_checkpoints_append_only before update or delete or truncate on audit_checkpoints
  for each statement execute function refuse_change();

-- Each row that is written waits to be sealed; nobody writes one past this.
create function audit_wait() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into audit_unsealed (event_id, event_at) select id, at from written;
  return null;
end
$$;
revoke execute on function audit_wait() from public;
create trigger audit_events_wait after insert on audit_events
  referencing new table as written for each statement execute function audit_wait();
insert into audit_unsealed (event_id, event_at) select id, at from audit_events;

create function ensure_audit_seal_months(since date, until date) returns integer
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  select ensure_append_only_months('audit_seals', since, until)
$$;
revoke execute on function ensure_audit_seal_months(date, date) from public;
grant execute on function ensure_audit_seal_months(date, date) to portal_keeper;
select ensure_audit_seal_months(now()::date, (now() + interval '1 year')::date);

grant select, delete on audit_unsealed to portal_keeper;
grant select, insert on audit_seals, audit_keys, audit_checkpoints to portal_keeper;
grant update (mac_ct, signing_ct) on audit_keys to portal_keeper;
grant select, update on audit_chain to portal_keeper;
grant select on audit_unsealed, audit_seals, audit_chain, audit_checkpoints to portal_web;
grant select on audit_unsealed, audit_seals, audit_chain, audit_checkpoints, audit_keys to portal_backup;
