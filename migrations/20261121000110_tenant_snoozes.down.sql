drop table tenant_snoozes;
