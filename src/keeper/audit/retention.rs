//! Months past their retention are dropped whole, and a checkpoint says from where the chain goes on.

use serde_json::json;

use super::checkpoint::{Checkpoint, Cut, Kind};
use super::keys::{ChainError, ChainKeys};
use super::worker::next_checkpoint;
use crate::keeper::core::Core;
use crate::keeper::message::Actor;
use crate::keeper::store::{audit, audit_chain, audit_checkpoints};

/// Drop what is past its retention, unless another keeper is at the chain. The checkpoint is to be told.
pub(super) async fn turn(core: &Core, keys: &ChainKeys) -> Result<Option<Checkpoint>, ChainError> {
    let now = core.clock.now();
    let day = (now - time::Duration::days(i64::from(core.settings.audit_keep_days))).date();
    let mut tx = core.pool.begin().await?;
    let Some(end) = audit_chain::lock_end(&mut tx).await? else {
        return Ok(None);
    };
    let dropped = audit_chain::drop_months(&mut tx, day).await?;
    if dropped.months == 0 {
        return Ok(None);
    }
    let former = audit_checkpoints::last_closing(&mut *tx).await?;
    let former = former.and_then(|stored| stored.checkpoint()?.cut);
    let (seq, hash) = match (dropped.cut_seq, dropped.cut_hash, former) {
        (Some(seq), Some(hash), _) => (seq, hash),
        (_, _, Some(former)) => (former.seq, former.hash),
        _ => (0, vec![0; 32]),
    };
    let cut = Cut {
        events_before: dropped.events_before,
        seq,
        hash,
    };
    let checkpoint = next_checkpoint(&mut tx, keys, &end, Kind::Closing, Some(cut)).await?;
    let entry = audit::Entry {
        tenant_id: None,
        actor: &Actor::keeper(),
        action: "audit.months_dropped",
        object_type: "",
        object_id: String::new(),
        result: "done",
        details: json!({
            "before": dropped.events_before.date().to_string(),
            "months": dropped.months,
            "events": dropped.events,
        }),
    };
    audit::insert(&mut *tx, entry, now).await?;
    tx.commit().await?;
    Ok(Some(checkpoint))
}
