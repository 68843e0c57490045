-- Why: a hand-out is written down thousands of times a minute, and its words cost more to index for the search than everything
-- else about it. Without a reason it says nothing that a search could be for: the resource, which is one of four, and the
-- connection, which is its tenant's. Those with a reason are found as before.
drop index audit_events_text_idx;
create index audit_events_text_idx on audit_events using gin (audit_event_text(object_type, object_id, details) gin_trgm_ops)
  where action <> 'token.refresh' and (action <> 'token.hand_out' or details ->> 'reason' <> '');
