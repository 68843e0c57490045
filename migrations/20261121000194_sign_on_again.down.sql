delete from sign_on_trips where again;
alter table sign_on_trips drop column again;
