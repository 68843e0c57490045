drop view ops_msal_errors;
drop table entra_calls, msal_errors;
drop function ensure_msal_error_partitions(date, date);
