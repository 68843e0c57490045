-- Why: the page "Audit log" searches what an act was done to and its details by any part of any text, as "MSAL errors" does.
create function audit_event_text(object_type text, object_id text, details jsonb) returns text
language sql immutable parallel safe
return object_type || ' ' || object_id || ' ' || details::text;
create index audit_events_text_idx on audit_events using gin (audit_event_text(object_type, object_id, details) gin_trgm_ops)
  where action <> 'token.refresh';
create index audit_events_result_idx on audit_events (result, id desc) where result <> 'done';
grant execute on function audit_event_text(text, text, jsonb) to portal_web;
