drop index audit_events_story_idx;
drop trigger tenants_standing on tenants;
drop trigger tenants_standing_new on tenants;
drop trigger connections_standing on connections;
drop trigger connections_standing_new on connections;
drop function note_tenant_standing();
drop function note_connection_standing();
drop function note_standing(uuid, timestamptz);
drop table connection_states;
