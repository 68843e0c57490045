//! `tenantry audit verify`: walk the whole chain and say what is wrong with it and where, from the keys and from nothing
//! that the database says of itself.

mod chain;
mod checkpoints;
mod finding;
mod strays;

use sqlx::PgPool;

use super::checkpoint::{Checkpoint, Cut};
use super::keys::{ChainError, ChainKeys};
use crate::clock::Clock;
use crate::keeper::seal::{Keyring, Rotation, Vault};
use crate::keeper::store::audit_walk;

pub use finding::{Finding, Wrong};

/// Looks at the chain of one database.
pub struct Inspector {
    pool: PgPool,
    vault: Vault,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    #[error(
        "nothing was sealed yet: no keeper has run on this database since the audit log is chained"
    )]
    NoKeys,
}

/// What the walk has seen.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Rows that are sealed and as they were.
    pub rows: i64,
    /// Sealed rows that are past their retention, between rows that are not.
    pub past: i64,
    /// Rows that wait to be sealed.
    pub waiting: i64,
    /// The last seal.
    pub seq: i64,
    /// Checkpoints of the database, and of elsewhere.
    pub checkpoints: usize,
    pub outside: usize,
    pub last_checkpoint: Option<Checkpoint>,
    /// What was dropped because its time was over.
    pub cut: Option<Cut>,
    /// When the database came back from a backup, the earliest first.
    pub restored: Vec<Restored>,
    /// The first bad row comes first; empty when all is well.
    pub findings: Vec<Finding>,
}

/// A new part of the log, begun by a restore and signed.
#[derive(Clone, Debug)]
pub struct Restored {
    pub checkpoint: Checkpoint,
    /// Checkpoints of elsewhere that vouch for what came after the backup and is gone, and the last seal they know.
    pub void: usize,
    pub lost_until: i64,
}

impl Inspector {
    /// `pool` is the keeper's.
    pub fn new(pool: PgPool, keys: Keyring, clock: Clock) -> Self {
        let vault = Vault::new(pool.clone(), keys, clock, Rotation::default());
        Self { pool, vault }
    }

    /// Ed25519, 32 bytes.
    pub async fn public_key(&self) -> Result<Vec<u8>, VerifyError> {
        Ok(self.keys().await?.public_key().to_vec())
    }

    /// Walk the chain; `outside` are checkpoints that were kept elsewhere.
    pub async fn verify(&self, outside: &[Checkpoint]) -> Result<Report, VerifyError> {
        let keys = self.keys().await?;
        let mut tx = audit_walk::begin(&self.pool).await?;
        let mut report = Report {
            outside: outside.len(),
            ..Report::default()
        };
        let vouched = checkpoints::read(&mut tx, &keys, outside, &mut report).await?;
        let walk = chain::walk(&mut tx, &keys, &vouched, &mut report).await?;
        strays::look(&mut tx, &walk, &mut report).await?;
        chain::look_at_the_end(&mut tx, &walk, &mut report).await?;
        tx.rollback().await?;
        report.findings.sort_by_key(Finding::rank);
        Ok(report)
    }

    async fn keys(&self) -> Result<ChainKeys, VerifyError> {
        let keys = ChainKeys::open(&self.pool, &self.vault).await?;
        keys.ok_or(VerifyError::NoKeys)
    }
}
