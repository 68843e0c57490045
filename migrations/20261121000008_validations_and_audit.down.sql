revoke usage on all sequences in schema public from portal_web, portal_keeper;
drop table audit_events, validations;
drop function refuse_change();
