drop index connections_quarantined_idx;
drop table mass_failures;
drop table incident_tenants;
drop table incidents;
