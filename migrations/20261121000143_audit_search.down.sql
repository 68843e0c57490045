drop index audit_events_text_idx, audit_events_result_idx;
drop function audit_event_text(text, text, jsonb);
