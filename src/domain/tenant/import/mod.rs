//! Tenants from a file: read, looked at row by row, and written all at once or not at all. What a row would do (its fate) is
//! decided by the same code for the dry run and for the import, each time from what is stored at that moment.

mod apply;
mod column;
mod fate;
mod read;

pub use apply::{Done, ImportError, run};
pub use column::{Column, TOLD};
pub use fate::{Change, Fate, Fated, Plan, Totals, plan};
pub use read::{Format, LARGEST, MOST_ROWS, ReadError, Sheet, Typed, read};
