-- Why: a keeper stores fifty answers in one statement. Ciphertext does not compress and is rewritten whole at each
-- refresh, so it stays in its row, in pages with room for the next version. The record of calls is a log that is deleted by
-- age: nothing refers to it, and tenants are never deleted, so it needs no foreign key checked at each of millions of rows.
alter table connection_secrets
  alter column ct_current set storage external,
  alter column ct_previous set storage external;
alter table connection_secrets set (fillfactor = 60, toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.05);
alter table tokens alter column ct set storage external;
alter table tokens set (fillfactor = 60, toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.05);
alter table connections set (fillfactor = 80);
alter table refresh_schedule set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
alter table entra_calls drop constraint entra_calls_tenant_id_fkey;
-- A tenant's calls are read by time, and deleted by time all at once: one index each, the latter by ranges of pages.
alter table entra_calls drop constraint entra_calls_pkey, add primary key (tenant_id, at, id);
drop index entra_calls_tenant_idx;
drop index entra_calls_at_idx;
create index entra_calls_at_idx on entra_calls using brin (at);
