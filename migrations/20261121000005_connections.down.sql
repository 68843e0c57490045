drop table tokens, refresh_schedule, connection_secrets, connections;
