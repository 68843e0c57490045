//! Checkpoints are believed by their signature alone; what they vouch for is compared while the chain is walked.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::finding::{Finding, Wrong};
use super::{Report, Restored, VerifyError};
use crate::keeper::audit::checkpoint::{Checkpoint, Cut, Kind};
use crate::keeper::audit::keys::ChainKeys;
use crate::keeper::store::{audit_chain, audit_checkpoints};

/// What signed checkpoints say.
#[derive(Default)]
pub(super) struct Vouched {
    /// By seal: number of the checkpoint and the hash it vouches for.
    pub(super) hashes: BTreeMap<i64, Vec<(i64, Vec<u8>)>>,
    pub(super) cut: Option<Cut>,
}

/// Read the database's checkpoints and judge them with those of `outside`.
pub(super) async fn read(
    tx: &mut PgConnection,
    keys: &ChainKeys,
    outside: &[Checkpoint],
    report: &mut Report,
) -> Result<Vouched, VerifyError> {
    let mut vouched = Vouched::default();
    let mut newest_cut = 0;
    let mut expected = 1;
    let mut good = Vec::new();
    for stored in audit_checkpoints::all(&mut *tx).await? {
        let number = stored.number;
        if number != expected {
            report
                .findings
                .push(Finding::at_checkpoint(Wrong::Checkpoint, expected, None));
        }
        expected = number + 1;
        report.checkpoints += 1;
        match stored.checkpoint() {
            Some(one) if one.is_signed_by(keys.public_key()) => good.push(one),
            _ => report
                .findings
                .push(Finding::at_checkpoint(Wrong::Checkpoint, number, None)),
        }
    }
    let end = audit_chain::end(&mut *tx).await?;
    if end.is_some_and(|end| end.checkpoint != expected - 1) {
        report
            .findings
            .push(Finding::at_checkpoint(Wrong::Checkpoint, expected, None));
    }
    report.last_checkpoint = good.last().cloned();
    report.restored = parts(&good);
    for one in outside {
        if !one.is_signed_by(keys.public_key()) {
            report
                .findings
                .push(Finding::at_checkpoint(Wrong::Checkpoint, one.number, None));
        } else if let Some(part) = report.restored.iter_mut().find(|part| part.ended(one)) {
            part.void += 1;
            part.lost_until = part.lost_until.max(one.seq);
        } else {
            good.push(one.clone());
        }
    }
    for one in good {
        if let Some(cut) = one.cut.filter(|_| one.number > newest_cut) {
            newest_cut = one.number;
            vouched.cut = Some(cut);
        }
        let hashes = vouched.hashes.entry(one.seq).or_default();
        hashes.push((one.number, one.hash));
    }
    report.cut.clone_from(&vouched.cut);
    Ok(vouched)
}

fn parts(checkpoints: &[Checkpoint]) -> Vec<Restored> {
    let restored = checkpoints.iter().filter(|one| one.kind == Kind::Restored);
    restored
        .map(|one| Restored {
            checkpoint: one.clone(),
            void: 0,
            lost_until: one.seq,
        })
        .collect()
}

impl Restored {
    /// Was this checkpoint made after the backup was taken and before it was restored? Both are signed, number and instant.
    fn ended(&self, other: &Checkpoint) -> bool {
        other.number >= self.checkpoint.number && other.at < self.checkpoint.at
    }
}
