drop function sealed_by(bytea);
revoke update (token_sealed) on invitations from portal_keeper;
drop index data_keys_decrypt_idx;
alter table key_canaries drop column retired_at;
