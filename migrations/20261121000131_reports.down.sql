drop index invitations_ended_idx;
drop table report_days;
drop table tenant_month_causes;
drop table tenant_day_causes;
drop table tenant_months;
drop table tenant_days;
