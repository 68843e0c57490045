alter default privileges in schema public revoke select on tables from portal_backup;
alter default privileges in schema public revoke select on sequences from portal_backup;
revoke select on all sequences in schema public from portal_backup;
