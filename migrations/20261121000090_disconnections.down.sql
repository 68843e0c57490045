drop table disconnection_steps;
drop table disconnections;
drop table plugs;
