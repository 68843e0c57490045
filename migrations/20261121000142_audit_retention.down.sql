drop function drop_audit_months(date);
drop function months_before(text, timestamptz);
