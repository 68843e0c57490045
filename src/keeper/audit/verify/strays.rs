//! Rows beside the chain: those that wait for their seal, and those that nobody ever let in.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::chain::Walk;
use super::finding::{Finding, Wrong};
use super::{Report, VerifyError};
use crate::keeper::store::audit_walk;

const BATCH: i64 = 5_000;

/// When as many rows are there as were sealed and wait, none is too many; otherwise the first of them is searched for.
pub(super) async fn look(
    tx: &mut PgConnection,
    walk: &Walk,
    report: &mut Report,
) -> Result<(), VerifyError> {
    let counts = audit_walk::counts(tx).await?;
    report.waiting = counts.waiting;
    if counts.vanished > 0
        && let Some(row) = audit_walk::first_vanished(tx).await?
    {
        report.findings.push(Finding::at_row(Wrong::Vanished, row));
    }
    if walk.is_whole && counts.rows == report.rows + counts.waiting {
        return Ok(());
    }
    if let Some(row) = first_stray(tx).await? {
        report.findings.push(Finding::at_row(Wrong::Inserted, row));
    }
    Ok(())
}

async fn first_stray(tx: &mut PgConnection) -> sqlx::Result<Option<(i64, OffsetDateTime)>> {
    let mut after = (i64::MIN, OffsetDateTime::UNIX_EPOCH);
    loop {
        let rows = audit_walk::standings(tx, after, BATCH).await?;
        if let Some(stray) = rows.iter().find(|row| !row.known) {
            return Ok(Some((stray.id, stray.at)));
        }
        match rows.last() {
            Some(last) => after = (last.id, last.at),
            None => return Ok(None),
        }
    }
}
