drop table app_credentials, app_registrations, key_canaries, data_keys;
