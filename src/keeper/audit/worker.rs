//! The worker that seals: about once a second what was written is chained, and every few minutes the chain's end is signed
//! and told. Any number of keepers may run it; whoever locks the chain's end seals, the others look again later. Killed at any
//! moment, it leaves either whole seals or none.

use std::path::Path;
use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;
use uuid::Uuid;

use super::checkpoint::{Checkpoint, Cut, Kind};
use super::keys::{ChainError, ChainKeys};
use super::retention;
use super::seal::Seal;
use crate::keeper::core::{Core, Shared};
use crate::keeper::store::audit_chain::{self, End};
use crate::keeper::store::audit_checkpoints;

/// After trouble.
const LONG_PAUSE: Duration = Duration::from_secs(10);

/// What a worker remembers from turn to turn.
#[derive(Default)]
struct Memory {
    keys: Option<ChainKeys>,
    /// The chain's end as it was last seen.
    end: Option<End>,
    /// When months were tended last.
    tended: Option<Instant>,
}

/// Run until the keeper stops.
pub(in crate::keeper) async fn work(core: Shared) {
    let mut memory = Memory::default();
    while !core.stop.is_cancelled() {
        let pause = match turn(&core, &mut memory).await {
            Ok(true) => continue,
            Ok(false) => core.settings.audit_pause,
            Err(error) => {
                tracing::error!(%error, "the audit log cannot be sealed");
                LONG_PAUSE
            }
        };
        tokio::select! {
            () = core.stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Make the chain's keys, if nothing was ever sealed.
pub(in crate::keeper) async fn prepare(core: &Core) -> Result<(), ChainError> {
    ChainKeys::open_or_make(&core.pool, &core.vault, &core.clock)
        .await
        .map(|_| ())
}

/// Seal what waits, as much as fits; true when more may wait.
async fn turn(core: &Core, memory: &mut Memory) -> Result<bool, ChainError> {
    let due = memory
        .tended
        .is_none_or(|at| at.elapsed() >= core.settings.audit_tend_pause);
    let after_s = core.settings.audit_checkpoint_every.as_secs_f64();
    if !due && !audit_chain::has_work(&core.pool, after_s).await? {
        return Ok(false);
    }
    let keys = match memory.keys.take() {
        Some(keys) => keys,
        None => ChainKeys::open_or_make(&core.pool, &core.vault, &core.clock).await?,
    };
    let done = with_keys(core, memory, &keys, due).await;
    memory.keys = Some(keys);
    done
}

async fn with_keys(
    core: &Core,
    memory: &mut Memory,
    keys: &ChainKeys,
    due: bool,
) -> Result<bool, ChainError> {
    if due {
        // Months that cannot be made or dropped just now are no reason to leave rows unsealed.
        if let Err(error) = tend(core, keys).await {
            tracing::warn!(%error, "the audit log's months cannot be tended");
        }
        memory.tended = Some(Instant::now());
    }
    let more = seal(core, keys, memory).await?;
    if let Some(checkpoint) = checkpoint(core, keys).await? {
        tell(core, &checkpoint).await;
    }
    Ok(more)
}

/// Months to come, and months that are over.
async fn tend(core: &Core, keys: &ChainKeys) -> Result<(), ChainError> {
    let mut db = core.pool.acquire().await?;
    audit_chain::ensure_months(&mut db, core.clock.now()).await?;
    drop(db);
    if let Some(checkpoint) = retention::turn(core, keys).await? {
        tell(core, &checkpoint).await;
    }
    Ok(())
}

/// Chain what waits, up to where the next checkpoint is due; true when as much was there.
async fn seal(core: &Core, keys: &ChainKeys, memory: &mut Memory) -> Result<bool, ChainError> {
    let mut tx = core.pool.begin().await?;
    let Some(end) = audit_chain::lock_end(&mut tx).await? else {
        return Ok(false);
    };
    notice_a_set_back(memory.end.as_ref(), &end);
    audit_chain::by_index(&mut tx).await?;
    let limit = (core.settings.audit_checkpoint_rows - (end.seq - end.checkpoint_seq)).max(1);
    let rows = audit_chain::waiting(&mut tx, limit).await?;
    let sealed_at = audit_chain::instant(&mut *tx, end.sealed_at).await?;
    let mut former = end.hash.clone();
    let mut seals = Vec::with_capacity(rows.len());
    for (seq, row) in (end.seq + 1..).zip(&rows) {
        let seal = Seal::new(&keys.mac, &former, seq, row, sealed_at);
        former.clone_from(&seal.hash);
        seals.push(seal);
    }
    let Some(last) = seals.last() else {
        memory.end = Some(end);
        return Ok(false);
    };
    audit_chain::append(&mut tx, &seals).await?;
    tx.commit().await?;
    memory.end = Some(End {
        seq: last.seq,
        hash: last.hash.clone(),
        sealed_at,
        ..end
    });
    Ok(i64::try_from(seals.len()).is_ok_and(|sealed| sealed >= limit))
}

/// The chain only grows. Somebody who cut it and set its end back is noticed by a keeper that was running.
fn notice_a_set_back(seen: Option<&End>, found: &End) {
    let Some(seen) = seen else { return };
    if found.seq < seen.seq || (found.seq == seen.seq && found.hash != seen.hash) {
        tracing::error!(
            seen = seen.seq,
            found = found.seq,
            "the end of the audit chain was changed by somebody else: run tenantry audit verify"
        );
    }
}

/// Sign the chain's end, if it is time to. Only seals that are committed are vouched for.
async fn checkpoint(core: &Core, keys: &ChainKeys) -> Result<Option<Checkpoint>, ChainError> {
    let mut tx = core.pool.begin().await?;
    let Some(end) = audit_chain::lock_end(&mut tx).await? else {
        return Ok(None);
    };
    let now = audit_chain::instant(&mut *tx, end.checkpoint_at).await?;
    let by_rows = end.seq - end.checkpoint_seq >= core.settings.audit_checkpoint_rows;
    let by_time = end.seq > 0 && now - end.checkpoint_at >= core.settings.audit_checkpoint_every;
    if !by_rows && !by_time {
        return Ok(None);
    }
    let made = next_checkpoint(&mut tx, keys, &end, Kind::Periodic, None).await?;
    tx.commit().await?;
    Ok(Some(made))
}

/// Sign the chain's end, which must be locked, and store that.
pub(super) async fn next_checkpoint(
    tx: &mut PgConnection,
    keys: &ChainKeys,
    end: &End,
    kind: Kind,
    cut: Option<Cut>,
) -> Result<Checkpoint, ChainError> {
    let checkpoint = Checkpoint {
        number: end.checkpoint + 1,
        kind,
        seq: end.seq,
        hash: end.hash.clone(),
        at: audit_chain::instant(&mut *tx, end.checkpoint_at).await?,
        cut,
        key: Uuid::nil(),
        signature: Vec::new(),
    }
    .sign(keys);
    audit_checkpoints::insert(tx, &checkpoint).await?;
    Ok(checkpoint)
}

/// To the log, and to the file that the settings name. One that does not get there is followed by the next, which vouches
/// for everything before it.
async fn tell(core: &Core, checkpoint: &Checkpoint) {
    let line = checkpoint.line();
    tracing::info!(
        target: "tenantry::audit",
        checkpoint = line,
        "checkpoint {} of the audit log: {} rows sealed",
        checkpoint.number,
        checkpoint.seq
    );
    let Some(path) = core.settings.audit_checkpoint_file.clone() else {
        return;
    };
    let written = tokio::task::spawn_blocking(move || append(&path, &line)).await;
    let written = written.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    if let Err(error) = written {
        tracing::error!(%error, "the checkpoint cannot be written to audit.checkpoint_file");
    }
}

fn append(path: &Path, line: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_data()
}
