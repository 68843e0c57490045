//! What is wrong, where, in words.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Kinds of what can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// The row is not as it was sealed.
    Changed,
    /// The row was sealed and is not there.
    Missing,
    /// Seals are missing in between, and their rows with them.
    Gap,
    /// The seal is not as it was made, or not where it was made.
    Seal,
    /// A row that no seal and no list of waiting ones knows.
    Inserted,
    /// A row that waits to be sealed and is not there.
    Vanished,
    /// Rows after the last one are missing.
    CutOff,
    /// The chain's end in `audit_chain` is not the last seal.
    End,
    /// A checkpoint that was changed or is missing.
    Checkpoint,
    /// The chain is whole but another one than the checkpoint vouched for.
    Rewritten,
}

/// Something wrong and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub wrong: Wrong,
    /// Number of the seal, when one is concerned.
    pub seq: Option<i64>,
    /// Id and time of the row, when they are known.
    pub row: Option<(i64, OffsetDateTime)>,
    /// Number of the checkpoint, when one is concerned.
    pub checkpoint: Option<i64>,
}

impl Finding {
    pub(super) fn at_seal(wrong: Wrong, seq: i64, row: Option<(i64, OffsetDateTime)>) -> Self {
        Self {
            wrong,
            seq: Some(seq),
            row,
            checkpoint: None,
        }
    }

    pub(super) fn at_row(wrong: Wrong, row: (i64, OffsetDateTime)) -> Self {
        Self {
            wrong,
            seq: None,
            row: Some(row),
            checkpoint: None,
        }
    }

    pub(super) fn at_checkpoint(wrong: Wrong, number: i64, seq: Option<i64>) -> Self {
        Self {
            wrong,
            seq,
            row: None,
            checkpoint: Some(number),
        }
    }

    /// Rows in the chain first, by their place; then rows beside it; then its end and its checkpoints.
    pub(super) fn rank(&self) -> (bool, bool, i64, Wrong) {
        let beside = self.row.is_none();
        (
            self.checkpoint.is_some(),
            beside,
            self.row.map_or(self.seq.unwrap_or(0), |(id, _)| id),
            self.wrong,
        )
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.checkpoint {
            write!(f, "checkpoint {number}")?;
        } else if let Some((id, at)) = self.row {
            let at = at.format(&Rfc3339).map_err(|_| fmt::Error)?;
            write!(f, "row {id} of {at}")?;
        } else {
            write!(f, "the chain")?;
        }
        if let Some(seq) = self.seq {
            write!(f, ", seal {seq}")?;
        }
        f.write_str(match self.wrong {
            Wrong::Changed => ": the row was changed after it was sealed",
            Wrong::Missing => ": the row was deleted after it was sealed",
            Wrong::Gap => ": from this seal on seals are missing, and their rows with them",
            Wrong::Seal => ": the seal was changed, or moved to another place",
            Wrong::Inserted => ": the row was put in past the program, or its seal was removed",
            Wrong::Vanished => ": the row was deleted before it was sealed",
            Wrong::CutOff => ": rows were cut off at the end, from this seal on",
            Wrong::End => ": what audit_chain says of its end was changed, or seals were removed from this one on",
            Wrong::Checkpoint => {
                ": it was changed or removed, or is not signed by this installation"
            }
            Wrong::Rewritten => ": it vouches for another chain than the one that is there",
        })
    }
}
