drop table tenant_looks;
drop table tenant_facts;
