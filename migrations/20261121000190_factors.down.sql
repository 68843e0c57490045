-- Data keys of seeds go with the seeds that they opened.
drop table technician_devices, recovery_codes, technician_factors;
alter table technicians drop column recovery_codes_at;
delete from data_keys where purpose = 'factor';
alter table data_keys drop constraint data_keys_purpose_check;
alter table data_keys add constraint data_keys_purpose_check
  check (purpose in ('connection', 'access_token', 'flow', 'invitation', 'app', 'canary', 'audit'));
