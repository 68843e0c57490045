drop trigger msal_errors_count on msal_errors;
drop trigger tenant_status_count_new on tenant_status;
drop trigger tenant_status_count on tenant_status;
drop function note_status_counts(), note_error_days(), fold_status_counts(), rebuild_tenant_status(timestamptz);
drop table status_counts, status_count_deltas, day_counts, day_count_deltas;
