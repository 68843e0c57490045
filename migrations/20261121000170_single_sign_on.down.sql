drop table sign_on_totals, sign_on_trips, technician_sign_ons;
