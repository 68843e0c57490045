//! Postgres as Tenantry makes, migrates and guards it.

mod instance_lock;
mod migrator;
mod private_postgres;
mod system_users;
