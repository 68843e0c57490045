-- Why: a backup is whole or it is none. portal_backup could not read the months of partitioned tables, nor any sequence; from
-- here on it may read every table and sequence, also those that later migrations and the keeper make.
grant select on all tables in schema public to portal_backup;
grant select on all sequences in schema public to portal_backup;
alter default privileges in schema public grant select on tables to portal_backup;
alter default privileges in schema public grant select on sequences to portal_backup;
