//! The walk from seal to seal, a batch at a time.

use std::collections::HashMap;

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::checkpoints::Vouched;
use super::finding::{Finding, Wrong};
use super::{Report, VerifyError};
use crate::keeper::audit::keys::ChainKeys;
use crate::keeper::audit::row::Row;
use crate::keeper::audit::seal::Seal;
use crate::keeper::store::{audit_chain, audit_walk};

const BATCH: i64 = 2_000;

/// Where the walk came to.
pub(super) struct Walk {
    /// The last seal and its hash, as they are stored.
    pub(super) seq: i64,
    pub(super) hash: Vec<u8>,
    /// No seal was wrong, so that counting says whether a row is too many.
    pub(super) is_whole: bool,
}

/// Walk from the cut to the end. The first thing wrong ends the judging, because everything behind hangs on it.
pub(super) async fn walk(
    tx: &mut PgConnection,
    keys: &ChainKeys,
    vouched: &Vouched,
    report: &mut Report,
) -> Result<Walk, VerifyError> {
    let cut = vouched.cut.as_ref();
    let mut walk = Walk {
        seq: cut.map_or(0, |cut| cut.seq),
        hash: cut.map_or_else(|| vec![0; 32], |cut| cut.hash.clone()),
        is_whole: true,
    };
    loop {
        let seals = audit_walk::seals(tx, walk.seq, BATCH).await?;
        if seals.is_empty() {
            break;
        }
        let rows = audit_walk::rows(tx, &seals).await?;
        let mut rows: HashMap<(i64, OffsetDateTime), Row> = rows
            .into_iter()
            .map(|row| ((row.id, row.at), row))
            .collect();
        for seal in seals {
            let row = rows.remove(&(seal.event_id, seal.event_at));
            if walk.is_whole {
                walk.step(keys, vouched, &seal, row.as_ref(), report);
            }
            walk.seq = seal.seq;
            walk.hash = seal.hash;
        }
    }
    report.seq = walk.seq;
    let behind = vouched.hashes.range(walk.seq + 1..).next();
    if let Some((_, checkpoints)) = behind {
        let number = checkpoints.first().map_or(0, |(number, _)| *number);
        let finding = Finding::at_checkpoint(Wrong::CutOff, number, Some(walk.seq + 1));
        report.findings.push(finding);
    }
    Ok(walk)
}

impl Walk {
    fn step(
        &mut self,
        keys: &ChainKeys,
        vouched: &Vouched,
        seal: &Seal,
        row: Option<&Row>,
        report: &mut Report,
    ) {
        let place = Some((seal.event_id, seal.event_at));
        let wrong = self.judge(keys, vouched, seal, row, report);
        if let Some(wrong) = wrong {
            self.is_whole = false;
            let seq = if wrong == Wrong::Gap {
                self.seq + 1
            } else {
                seal.seq
            };
            report.findings.push(Finding::at_seal(wrong, seq, place));
            return;
        }
        let others = vouched.hashes.get(&seal.seq).into_iter().flatten();
        for (number, _) in others.filter(|(_, hash)| *hash != seal.hash) {
            let finding = Finding::at_checkpoint(Wrong::Rewritten, *number, Some(seal.seq));
            report.findings.push(finding);
        }
    }

    fn judge(
        &self,
        keys: &ChainKeys,
        vouched: &Vouched,
        seal: &Seal,
        row: Option<&Row>,
        report: &mut Report,
    ) -> Option<Wrong> {
        if seal.seq != self.seq + 1 {
            return Some(Wrong::Gap);
        }
        if seal.hash_after(&keys.mac, &self.hash) != seal.hash.as_slice() {
            return Some(Wrong::Seal);
        }
        match row {
            Some(row) if row.digest(&keys.mac) == seal.digest.as_slice() => {
                report.rows += 1;
                None
            }
            Some(_) => Some(Wrong::Changed),
            None if vouched
                .cut
                .as_ref()
                .is_some_and(|cut| seal.event_at < cut.events_before) =>
            {
                report.past += 1;
                None
            }
            None => Some(Wrong::Missing),
        }
    }
}

/// What the database says of the chain's end must be the last seal.
pub(super) async fn look_at_the_end(
    tx: &mut PgConnection,
    walk: &Walk,
    report: &mut Report,
) -> Result<(), VerifyError> {
    let end = audit_chain::end(tx).await?;
    if end.is_none_or(|end| end.seq != walk.seq || end.hash != walk.hash) {
        report
            .findings
            .push(Finding::at_seal(Wrong::End, walk.seq + 1, None));
    }
    Ok(())
}
