drop table status_samples, refresh_samples, error_hours;
