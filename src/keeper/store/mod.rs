//! The keeper's SQL, a file per aggregate. Called by the keeper alone; instants are App's, leases the database's.

pub mod app_changes;
pub mod app_only;
pub mod apps;
pub mod audit;
pub mod breakers;
pub mod call_totals;
pub mod connections;
pub mod disconnections;
pub mod factors;
pub mod facts;
pub mod flow_leases;
pub mod flow_secrets;
pub mod flows;
pub mod incidents;
pub mod keepers;
pub mod keys;
pub mod lifetimes;
pub mod records;
pub mod reseal;
pub mod schedule;
pub mod secrets;
pub mod successes;
pub mod tenants;
pub mod tokens;
