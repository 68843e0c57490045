drop table request_limits;
