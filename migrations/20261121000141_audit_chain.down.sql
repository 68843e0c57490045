drop trigger audit_events_wait on audit_events;
drop function audit_wait();
drop table audit_checkpoints, audit_keys, audit_chain, audit_seals, audit_unsealed;
drop function ensure_audit_seal_months(date, date);
delete from data_keys where purpose = 'audit';
alter table data_keys drop constraint data_keys_purpose_check;
alter table data_keys add constraint data_keys_purpose_check
  check (purpose in ('connection', 'access_token', 'flow', 'invitation', 'app', 'canary'));
