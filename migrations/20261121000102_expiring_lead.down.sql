alter table tenants drop column expiring_lead_days;
