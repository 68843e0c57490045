drop index customer_mails_stuck_idx;
drop table tenant_mailing, mail_texts, mail_settings, branding;
