//! The refresh worker: claims what is due and runs it. Idempotent, knows nothing between two turns; any number of keepers
//! may run it on one database.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::decide::never;
use super::join::track;
use super::plan::Wish;
use super::take::take;
use crate::clock::random_uuid;
use crate::keeper::core::Shared;
use crate::keeper::seal::VaultError;
use crate::keeper::store::{connections, schedule};

/// How often the fleet is counted and what is not served is put off.
const HOUSEKEEPING: Duration = Duration::from_mins(1);
/// Due connections of a suspended tenant are looked at again after this time.
const PUT_OFF: Duration = Duration::from_hours(1);

/// Run until the keeper stops. As many connections are in hand as the settings say; as they end, others are claimed.
pub async fn work(core: Shared) {
    let hands = Arc::new(Semaphore::new(core.settings.in_hand as usize));
    let mut kept = None;
    while !core.stop.is_cancelled() {
        if kept.is_none_or(|at: Instant| at.elapsed() >= HOUSEKEEPING) {
            keep_house(&core).await;
            kept = Some(Instant::now());
        }
        let claimed = turn(&core, &hands).await.unwrap_or_else(|error| {
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

/// Wait for free hands, a quarter of all at least so that a claim is worth its statement, and fill them.
async fn turn(core: &Shared, hands: &Arc<Semaphore>) -> Result<usize, VaultError> {
    if core.gate.shut_for().is_some() {
        // Microsoft does not answer: what is claimed now would only be given back.
        return Ok(0);
    }
    let quarter = core.settings.in_hand.div_ceil(4).max(1);
    let first = tokio::select! {
        () = core.stop.cancelled() => return Ok(0),
        free = Arc::clone(hands).acquire_many_owned(quarter) => free,
    };
    let Ok(mut free) = first else {
        return Ok(0);
    };
    while let Ok(another) = Arc::clone(hands).try_acquire_owned() {
        free.merge(another);
    }
    let room = i64::try_from(free.num_permits()).unwrap_or(i64::MAX);
    let claims = schedule::claim_due(&core.pool, random_uuid(), core.clock.now(), room).await?;
    let count = claims.len();
    if count == 0 {
        return Ok(0);
    }
    for taken in take(core, claims).await? {
        track(core, taken, Wish::Due, free.split(1));
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
