//! The keeper's SQL, a file per aggregate. Called by the keeper alone; instants are App's, leases the database's.

pub mod keys;
