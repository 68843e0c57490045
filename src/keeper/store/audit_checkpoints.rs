//! Signed checkpoints of the audit log's chain.

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::keeper::audit::{Checkpoint, Cut, Kind};

/// Store a checkpoint and note it at the chain's end, which must be locked.
pub async fn insert(tx: &mut PgConnection, one: &Checkpoint) -> sqlx::Result<()> {
    let cut = one.cut.as_ref();
    sqlx::query!(
        "with noted as (
           update audit_chain set checkpoint = $1, checkpoint_seq = $3, checkpoint_at = $5
         )
         insert into audit_checkpoints (number, kind, seq, hash, at, events_before, cut_seq, cut_hash, key_id, signature)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        one.number,
        one.kind.as_str(),
        one.seq,
        one.hash,
        one.at,
        cut.map(|cut| cut.events_before),
        cut.map(|cut| cut.seq),
        cut.map(|cut| cut.hash.as_slice()),
        one.key,
        one.signature
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A row of `audit_checkpoints`, which somebody may have changed.
pub struct Stored {
    pub number: i64,
    kind: String,
    seq: i64,
    hash: Vec<u8>,
    pub at: OffsetDateTime,
    events_before: Option<OffsetDateTime>,
    cut_seq: Option<i64>,
    cut_hash: Option<Vec<u8>>,
    key_id: Uuid,
    signature: Vec<u8>,
}

impl Stored {
    /// None when no keeper ever wrote such a row.
    pub fn checkpoint(self) -> Option<Checkpoint> {
        let cut = match (self.events_before, self.cut_seq, self.cut_hash) {
            (Some(events_before), Some(seq), Some(hash)) => Some(Cut {
                events_before,
                seq,
                hash,
            }),
            (None, None, None) => None,
            _ => return None,
        };
        Some(Checkpoint {
            number: self.number,
            kind: Kind::of(&self.kind)?,
            seq: self.seq,
            hash: self.hash,
            at: self.at,
            cut,
            key: self.key_id,
            signature: self.signature,
        })
    }
}

/// All of them, by number.
pub async fn all(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Stored>> {
    sqlx::query_as!(
        Stored,
        "select number, kind, seq, hash, at, events_before, cut_seq, cut_hash, key_id, signature
         from audit_checkpoints order by number"
    )
    .fetch_all(db)
    .await
}

/// The last one that told of dropped months.
pub async fn last_closing(db: impl PgExecutor<'_>) -> sqlx::Result<Option<Stored>> {
    sqlx::query_as!(
        Stored,
        "select number, kind, seq, hash, at, events_before, cut_seq, cut_hash, key_id, signature
         from audit_checkpoints where kind = 'closing' order by number desc limit 1"
    )
    .fetch_optional(db)
    .await
}
