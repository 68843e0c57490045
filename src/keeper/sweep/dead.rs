//! The ciphertext of a dead authorisation is kept for thirty days, in case the refusal was a mistake, and not longer.

use serde_json::json;
use time::Duration;

use crate::keeper::core::Core;
use crate::keeper::message::Actor;
use crate::keeper::store::{audit, reseal, secrets, tokens};

const KEPT: Duration = Duration::days(30);
const BATCH: i64 = 200;

pub(super) async fn erase(core: &Core) -> sqlx::Result<()> {
    let now = core.clock.now();
    let since = now - KEPT;
    for found in reseal::dead(&core.pool, since, BATCH).await? {
        let (tenant_id, id) = (found.0.into(), found.1.into());
        let mut tx = core.pool.begin().await?;
        if !reseal::is_still_dead(&mut tx, found, since).await? {
            continue;
        }
        secrets::erase(&mut *tx, tenant_id, id).await?;
        tokens::erase(&mut *tx, tenant_id, id).await?;
        let entry = audit::Entry {
            tenant_id: Some(tenant_id),
            actor: &Actor::keeper(),
            action: "connection.erase",
            object_type: "connection",
            object_id: found.1.to_string(),
            result: "done",
            details: json!({ "kept_days": KEPT.whole_days() }),
        };
        audit::insert(&mut *tx, entry, now).await?;
        tx.commit().await?;
    }
    Ok(())
}
