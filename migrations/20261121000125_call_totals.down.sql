alter table keepers drop column in_flight, drop column waiting;
drop table call_totals;
