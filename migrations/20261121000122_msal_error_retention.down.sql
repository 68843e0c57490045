drop function drop_msal_errors_before(date);
drop function unfold_msal_errors(timestamptz, timestamptz);
