//! The worker that looks: first at connections in trouble nobody has looked at since, then at those whose day is over.
//! Idempotent; any number of keepers may run it on one database.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::look::look;
use crate::keeper::core::{Core, Shared, jitter};
use crate::keeper::store::facts::{self, Kind};
use crate::storage::TenantId;

/// A look that takes longer is given up; the lease outlives it.
const LONGEST: Duration = Duration::from_mins(1);
/// Tenants are enrolled for their daily look every so many turns.
const ENROL_EVERY: u32 = 20;

/// Run until the keeper stops. With no hands for it (`looks_in_hand` 0) nobody looks.
pub async fn work(core: Shared) {
    let hands = Arc::new(Semaphore::new(core.settings.looks_in_hand));
    if core.settings.looks_in_hand == 0 {
        return;
    }
    let mut turns = 0_u32;
    while !core.stop.is_cancelled() {
        turns = turns.wrapping_add(1);
        if turns.is_multiple_of(ENROL_EVERY)
            && let Err(error) = facts::enrol(&core.pool, core.clock.now()).await
        {
            tracing::warn!(%error, "tenants cannot be enrolled for their daily look");
        }
        let taken = turn(&core, &hands).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "it is not known which tenants are to be looked at");
            0
        });
        if taken > 0 {
            continue;
        }
        tokio::select! {
            () = core.stop.cancelled() => {}
            () = core.looks_wanted.notified() => {}
            () = tokio::time::sleep(core.settings.looks_pause) => {}
        }
    }
}

/// Fill the free hands; how many tenants were taken.
async fn turn(core: &Shared, hands: &Arc<Semaphore>) -> sqlx::Result<usize> {
    let Ok(first) = Arc::clone(hands).acquire_owned().await else {
        return Ok(0);
    };
    let mut free = first;
    while let Ok(another) = Arc::clone(hands).try_acquire_owned() {
        free.merge(another);
    }
    let room = i64::try_from(free.num_permits()).unwrap_or(1);
    let now = core.clock.now();
    let mut taken = facts::claim_ailing(&core.pool, now, room).await?;
    let mut kinds = vec![Kind::Ailing; taken.len()];
    let rest = room - i64::try_from(taken.len()).unwrap_or(room);
    if rest > 0 {
        taken.extend(facts::claim_due(&core.pool, now, rest).await?);
        kinds.resize(taken.len(), Kind::Daily);
    }
    let count = taken.len();
    for (tenant_id, kind) in taken.into_iter().zip(kinds) {
        let hand = free.split(1);
        let core = Arc::clone(core);
        core.tasks.clone().spawn(async move {
            one(&core, tenant_id, kind).await;
            drop(hand);
        });
    }
    Ok(count)
}

async fn one(core: &Core, tenant_id: TenantId, kind: Kind) {
    let done = tokio::select! {
        () = core.stop.cancelled() => return,
        done = tokio::time::timeout(LONGEST, look(core, tenant_id, kind)) => done,
    };
    match done {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(tenant.id = %tenant_id, %error, "a tenant could not be looked at");
        }
        Err(_) => tracing::warn!(tenant.id = %tenant_id, "a look took too long and was given up"),
    }
}

/// A day, give or take a fifth, so that tenants do not come together.
pub(super) fn a_day() -> time::Duration {
    time::Duration::hours(24) * (0.8 + 0.4 * jitter())
}
