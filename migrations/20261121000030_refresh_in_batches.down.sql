drop index entra_calls_at_idx;
create index entra_calls_at_idx on entra_calls (at);
create index entra_calls_tenant_idx on entra_calls (tenant_id, at desc);
alter table entra_calls drop constraint entra_calls_pkey, add primary key (tenant_id, id);
alter table entra_calls add constraint entra_calls_tenant_id_fkey foreign key (tenant_id) references tenants not valid;
alter table refresh_schedule reset (fillfactor, autovacuum_vacuum_scale_factor);
alter table connections reset (fillfactor);
alter table tokens reset (fillfactor, toast_tuple_target, autovacuum_vacuum_scale_factor);
alter table tokens alter column ct set storage extended;
alter table connection_secrets reset (fillfactor, toast_tuple_target, autovacuum_vacuum_scale_factor);
alter table connection_secrets
  alter column ct_current set storage extended,
  alter column ct_previous set storage extended;
