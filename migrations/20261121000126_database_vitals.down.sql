drop function database_vitals();
