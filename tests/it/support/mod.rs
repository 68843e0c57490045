//! What the tests stand on.

pub mod db;
pub mod keeper;
pub mod program;
pub mod scratch;
