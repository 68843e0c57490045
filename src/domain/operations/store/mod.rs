//! SQL of operations.

pub mod csp;
pub mod deliveries;
pub mod granted;
pub mod past;
pub mod samples;
pub mod today;

use crate::domain::diagnosis::Category;

/// Errors of one cause, as counted.
struct CauseRow {
    category: String,
    errors: i64,
}

impl CauseRow {
    /// A record outlives the catalogue it was read with.
    fn read(self) -> (Category, i64) {
        (
            self.category.parse().unwrap_or(Category::Unknown),
            self.errors,
        )
    }
}
