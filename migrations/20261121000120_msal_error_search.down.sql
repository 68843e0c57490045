drop index msal_errors_text_idx, msal_errors_correlation_idx, msal_errors_trace_idx, msal_errors_resource_idx, msal_errors_at_idx;
drop function msal_error_text(bigint, integer, text, text, text, text, text, text, text, text, uuid);
-- The extension stays: others may use it.
