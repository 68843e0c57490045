-- Why: some customers answer within a day, others need a month's notice. How long ahead a connection that lapses by itself
-- is shown as Expiring can be set per tenant.
alter table tenants
  -- Days; null: the product's own rule (`expiring_lead`).
  add column expiring_lead_days smallint,
  add constraint tenants_expiring_lead_days_check check (expiring_lead_days between 1 and 90);
