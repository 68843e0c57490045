//! A row that cannot be: an error naming table, column and id, never a silent default.

use uuid::Uuid;

/// A stored value that this program would never have written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("inconsistent row: {table}.{column} of {id}")]
pub struct Inconsistent {
    table: &'static str,
    column: &'static str,
    id: Uuid,
}

impl Inconsistent {
    /// The value of `table.column` in the row `id` makes no sense.
    pub const fn new(table: &'static str, column: &'static str, id: Uuid) -> Self {
        Self { table, column, id }
    }
}

impl From<Inconsistent> for sqlx::Error {
    fn from(error: Inconsistent) -> Self {
        Self::Decode(Box::new(error))
    }
}
