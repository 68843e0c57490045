//! An act whose entry cannot be written fails, and whoever asked is told so: try again, nothing was changed.

use crate::storage::is_contention;

/// The entry could not be written, so the act was not done.
#[derive(Debug, thiserror::Error)]
#[error("the audit entry cannot be written")]
pub struct NotWritten(#[source] sqlx::Error);

/// Marks the error as one of the log, unless a second attempt is what it asks for.
pub(super) fn or_not(done: Result<(), sqlx::Error>) -> Result<(), sqlx::Error> {
    done.map_err(|error| match error {
        error if is_contention(&error) => error,
        error => sqlx::Error::AnyDriverError(Box::new(NotWritten(error))),
    })
}

/// Did an act fail because its entry could not be written? Looks through whatever the error was wrapped in.
pub fn is_not_written(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(|cause| {
        cause.is::<NotWritten>()
            || matches!(cause.downcast_ref::<sqlx::Error>(),
                Some(sqlx::Error::AnyDriverError(inner)) if inner.is::<NotWritten>())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_known_through_what_it_was_wrapped_in() {
        let error = or_not(Err(sqlx::Error::RowNotFound)).unwrap_err();
        assert!(is_not_written(&error));
        let wrapped = anyhow::Error::from(error).context("while suspending");
        assert!(is_not_written(wrapped.as_ref()));
        assert!(!is_not_written(&sqlx::Error::RowNotFound));
    }
}
