drop table tenant_mailing, mail_texts, mail_settings, branding;
