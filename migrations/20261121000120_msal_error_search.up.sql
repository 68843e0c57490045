-- Why: a million errors are searched by any part of any text, and a page of fifty must cost what a page of fifty costs. One
-- index of trigrams over everything an entry says; an index from instants to ids, because lists go by id.
create extension if not exists pg_trgm;

-- What the search looks through. Plain concatenation, because only that may be indexed.
create function msal_error_text(id bigint, code integer, resource text, operation text, error text, suberror text, message text,
  raw text, trace_id text, correlation_id text, connection_id uuid) returns text
language sql immutable parallel safe
return id::text || ' ' || coalesce('AADSTS' || code::text, '') || ' ' || resource || ' ' || operation || ' ' || error || ' '
  || suberror || ' ' || message || ' ' || raw || ' ' || trace_id || ' ' || correlation_id || ' '
  || coalesce(connection_id::text, '');

create index msal_errors_text_idx on msal_errors using gin (msal_error_text(id, code, resource, operation, error, suberror,
  message, raw, trace_id, correlation_id, connection_id) gin_trgm_ops);
create index msal_errors_correlation_idx on msal_errors (correlation_id);
create index msal_errors_trace_idx on msal_errors (trace_id);
create index msal_errors_resource_idx on msal_errors (resource, id desc);
create index msal_errors_at_idx on msal_errors (at, id);

grant execute on function msal_error_text(bigint, integer, text, text, text, text, text, text, text, text, uuid) to portal_web;
