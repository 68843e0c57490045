//! From a refused write to an outcome, by the constraint's name: what the caller must tell apart (a duplicate short
//! name, a tenant that is gone) is decided by the database, which alone sees both writers of a race.

use sqlx::error::ErrorKind;

/// A write that the database refused because of a named constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation<'a> {
    /// A value that must be the only one exists already; holds the constraint's or unique index's name.
    Unique(&'a str),
    /// The row referred to does not exist, or is still referred to.
    ForeignKey(&'a str),
    /// A value outside what the table allows.
    Check(&'a str),
    /// A value is missing; holds the column's constraint name, empty before Postgres 18, which names none.
    NotNull(&'a str),
}

/// The constraint that refused the write, or `None` when `error` is of another kind.
///
/// ```text
/// .map_err(|error| match violation(&error) {
///     Some(Violation::Unique("tenants_short_name_key")) => AddError::ShortNameTaken,
///     _ => AddError::Database(error),
/// })
/// ```
pub fn violation(error: &sqlx::Error) -> Option<Violation<'_>> {
    let refused = error.as_database_error()?;
    let name = refused.constraint().unwrap_or_default();
    match refused.kind() {
        ErrorKind::UniqueViolation => Some(Violation::Unique(name)),
        ErrorKind::ForeignKeyViolation => Some(Violation::ForeignKey(name)),
        ErrorKind::CheckViolation => Some(Violation::Check(name)),
        ErrorKind::NotNullViolation => Some(Violation::NotNull(name)),
        _ => None,
    }
}

/// A text had a character that Postgres has in none (NUL).
pub fn is_unstorable(error: &sqlx::Error) -> bool {
    let refused = error.as_database_error();
    refused.is_some_and(|refused| refused.code().as_deref() == Some("22021"))
}

/// Somebody else's writes were in the way (deadlock, a lock not had in time): nothing was done, and it may be tried again.
pub fn is_contention(error: &sqlx::Error) -> bool {
    let Some(refused) = error.as_database_error() else {
        return false;
    };
    matches!(refused.code().as_deref(), Some("40P01" | "55P03" | "40001"))
}
