drop table tenant_resources, tenant_tags, tenants;
