//! What the tests stand on.

pub mod db;
pub mod program;
pub mod scratch;
