drop table customer_mails;
