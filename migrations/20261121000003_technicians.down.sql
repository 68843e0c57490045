drop table login_failures, login_sessions, technician_links, technicians;
