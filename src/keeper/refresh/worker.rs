//! The refresh worker: claims what is due and runs it. Idempotent, knows nothing between two turns; any number of keepers
//! may run it on one database.

use std::time::Duration;

use super::decide::never;
use super::join::track;
use super::plan::Wish;
use crate::clock::random_uuid;
use crate::keeper::core::Shared;
use crate::keeper::store::{connections, schedule};

/// How often the fleet is counted and what is not served is put off.
const HOUSEKEEPING: Duration = Duration::from_mins(1);
/// Due connections of a suspended tenant are looked at again after this time.
const PUT_OFF: Duration = Duration::from_hours(1);

/// Run until the keeper stops.
pub async fn work(core: Shared) {
    let mut kept = None;
    while !core.stop.is_cancelled() {
        if kept.is_none_or(|at: tokio::time::Instant| at.elapsed() >= HOUSEKEEPING) {
            keep_house(&core).await;
            kept = Some(tokio::time::Instant::now());
        }
        let claimed = turn(&core).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "due refreshes cannot be claimed");
            0
        });
        if claimed == 0 {
            tokio::select! {
                () = core.stop.cancelled() => {}
                () = tokio::time::sleep(core.settings.refresh_pause) => {}
            }
        }
    }
}

/// Claim a batch and wait until it is done, so that no more is claimed than can be sent in time.
async fn turn(core: &Shared) -> sqlx::Result<usize> {
    let now = core.clock.now();
    let batch = core.settings.claim_batch;
    let claims = schedule::claim_due(&core.pool, random_uuid(), now, batch).await?;
    let count = claims.len();
    let runs: Vec<_> = claims
        .into_iter()
        .map(|claim| track(core, claim, Wish::Due))
        .collect();
    for mut run in runs {
        let _ = run.wait_for(Option::is_some).await;
    }
    Ok(count)
}

async fn keep_house(core: &Shared) {
    let now = core.clock.now();
    let done = async {
        schedule::put_off_unserved(&core.pool, now, now + PUT_OFF, never()).await?;
        let served = connections::count_served(&core.pool).await?;
        core.guard.set_served(usize::try_from(served).unwrap_or(0));
        Ok::<_, sqlx::Error>(())
    };
    if let Err(error) = done.await {
        tracing::warn!(%error, "the refresh schedule cannot be kept");
    }
}
