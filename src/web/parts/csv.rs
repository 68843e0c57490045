//! Lines of CSV that are safe to open in a spreadsheet.

pub use crate::domain::cells::line;
