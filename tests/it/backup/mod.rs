//! Backup and restore as an operator does them: the program against a real Postgres, a real keeper, a simulated Microsoft.

mod audit;
mod drill;
mod factors;
mod file;
mod resume;
mod revoked;
mod stage;
