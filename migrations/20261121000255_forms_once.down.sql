alter table invitations drop column form_hash;
