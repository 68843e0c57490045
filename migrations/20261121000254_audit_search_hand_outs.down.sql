drop index audit_events_text_idx;
create index audit_events_text_idx on audit_events using gin (audit_event_text(object_type, object_id, details) gin_trgm_ops)
  where action <> 'token.refresh';
