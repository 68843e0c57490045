//! What the tests stand on.

pub mod db;
pub mod fake_keeper;
pub mod fleet;
pub mod program;
pub mod scratch;
pub mod smtp;
