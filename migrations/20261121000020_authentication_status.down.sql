drop function authentication_status(timestamptz);
drop function expiring_lead(text, timestamptz, timestamptz);
