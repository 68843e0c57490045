//! After a restore: a new part of the log begins where the backup ends.

use sqlx::{PgConnection, PgPool};

use super::checkpoint::{Checkpoint, Kind};
use super::keys::{ChainError, ChainKeys};
use super::worker::next_checkpoint;
use crate::keeper::seal::Vault;
use crate::keeper::store::audit_chain;

/// Sign the end that the backup knows as the one that the log goes on from; none when nothing was ever sealed. The chain
/// goes on by itself from there: it is the checkpoints kept elsewhere that know more.
pub(in crate::keeper) async fn begin_anew(
    pool: &PgPool,
    tx: &mut PgConnection,
    vault: &Vault,
) -> Result<Option<Checkpoint>, ChainError> {
    let Some(keys) = ChainKeys::open(pool, vault).await? else {
        return Ok(None);
    };
    let end = audit_chain::lock_end(tx).await?.ok_or(ChainError::NoEnd)?;
    let made = next_checkpoint(tx, &keys, &end, Kind::Restored, None).await?;
    Ok(Some(made))
}
