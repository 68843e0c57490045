//! SQL of operations.

pub mod csp;
pub mod deliveries;
pub mod granted;
pub mod past;
pub mod samples;
pub mod today;
