//! The worker: claims disconnections that are due, so many at a time, and forgets keys that were given up. Every keeper has
//! one.

use std::collections::HashSet;
use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::Semaphore;

use super::run::run;
use crate::clock::random_uuid;
use crate::keeper::core::{Core, Shared};
use crate::keeper::store::disconnections;

/// Run until the keeper stops.
pub(in crate::keeper) async fn work(core: Shared) {
    let places = Arc::new(Semaphore::new(core.settings.plug_in_hand));
    let mut heard = None;
    while !core.stop.is_cancelled() {
        if let Err(error) = turn(&core, &places, &mut heard).await {
            tracing::warn!(%error, "disconnections cannot be looked at");
        }
        tokio::select! {
            () = core.stop.cancelled() => {}
            () = core.plugs_changed.notified() => {}
            () = tokio::time::sleep(core.settings.plug_pause) => {}
        }
    }
}

async fn turn(
    core: &Shared,
    places: &Arc<Semaphore>,
    heard: &mut Option<OffsetDateTime>,
) -> sqlx::Result<()> {
    forget_keys(core, heard).await?;
    let free = i64::try_from(places.available_permits()).unwrap_or(1);
    if free == 0 {
        return Ok(());
    }
    let lease_id = random_uuid();
    let now = core.clock.now();
    for one in disconnections::claim_due(&core.pool, lease_id, now, free).await? {
        let Ok(place) = Arc::clone(places).acquire_owned().await else {
            return Ok(());
        };
        let core = Arc::clone(core);
        core.tasks.clone().spawn(async move {
            run(&core, one, lease_id).await;
            drop(place);
            // There may be more.
            core.plugs_changed.notify_one();
        });
    }
    Ok(())
}

/// What is in memory must neither open what was given up nor seal anything new with it.
async fn forget_keys(core: &Core, heard: &mut Option<OffsetDateTime>) -> sqlx::Result<()> {
    let (tenants, now) = disconnections::keys_changed(&core.pool, *heard).await?;
    if !tenants.is_empty() {
        core.vault
            .forget_tenants(&tenants.into_iter().collect::<HashSet<_>>());
    }
    *heard = Some(now);
    Ok(())
}
