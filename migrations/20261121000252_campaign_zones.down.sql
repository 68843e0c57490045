alter table campaigns drop column zone;
