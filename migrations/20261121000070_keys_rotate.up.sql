-- Why: a master key that was taken out of use must never wrap a data key again, also not in a keeper that has not heard of
-- it; so the database remembers which ones were. The sweeper seals links of invitations anew, and finds what a data key
-- still seals by the key's id at the head of each sealed value.
alter table key_canaries add column retired_at timestamptz;
create index data_keys_decrypt_idx on data_keys (created_at) where state = 'decrypt';
grant update (token_sealed) on invitations to portal_keeper;

create function sealed_by(sealed bytea) returns uuid language sql immutable strict parallel safe
  return encode(substring(sealed from 3 for 16), 'hex')::uuid;
grant execute on function sealed_by(bytea) to portal_keeper;
