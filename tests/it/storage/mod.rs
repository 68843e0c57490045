//! Postgres as Tenantry makes, migrates and guards it.

mod migrator;
