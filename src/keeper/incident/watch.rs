//! What a keeper does about itself and its like: says that it lives and takes its share of the limits, writes down what
//! its breakers do, opens and closes incidents. Idempotent; any number of keepers may run it on one database.

use time::OffsetDateTime;
use uuid::Uuid;

use super::mass::take_back;
use super::{audit, see, spread};
use crate::entra::meter::Counted;
use crate::keeper::core::{Core, Shared};
use crate::keeper::gate::{Breaker, Change, Changes};
use crate::keeper::store::incidents::{self, Trouble};
use crate::keeper::store::{breakers, call_totals, keepers};

/// A keeper that missed so many beats is not counted any more.
const MISSED: u32 = 3;
/// An incident of a breaker is closed when the breaker has stayed open for so long.
const QUIET: time::Duration = time::Duration::minutes(1);
const QUARANTINE: &str = "quarantine";

/// Take up what the keepers before left: shut breakers stay shut, a slow start goes on; and take a share of the limits.
pub async fn recall(core: &Core) -> sqlx::Result<()> {
    for left in breakers::left(&core.pool).await? {
        if left.times > 0 {
            core.gate.recall_shut(left.breaker, left.rest, left.times);
        } else if left.breaker == Breaker::Authority {
            core.gate.recall_start(left.turned);
        }
    }
    keepers::forget_dead(&core.pool).await
}

/// Run until the keeper stops.
pub async fn watch(core: Shared, mut changes: Changes) {
    let id = crate::clock::random_uuid();
    let mut unwritten = Vec::new();
    let mut unadded = Vec::new();
    let mut beats = tokio::time::interval(core.settings.keeper_beat);
    beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = core.stop.cancelled() => break,
            _ = beats.tick() => {
                if let Err(error) = beat(&core, id).await {
                    tracing::warn!(%error, "the keeper cannot say that it lives");
                }
                add_counts(&core, &mut unadded).await;
            }
            Some(change) = changes.recv() => unwritten.push(change),
        }
        while let Ok(change) = changes.try_recv() {
            unwritten.push(change);
        }
        write(&core, &mut unwritten).await;
    }
    add_counts(&core, &mut unadded).await;
    if let Err(error) = keepers::leave(&core.pool, id).await {
        tracing::warn!(%error, "the keeper leaves without a word; the others notice within seconds");
    }
}

async fn beat(core: &Core, id: Uuid) -> sqlx::Result<()> {
    let patience = core.settings.keeper_beat * MISSED;
    let load = core.gate.load();
    core.gate
        .share_with(keepers::beat(&core.pool, id, load, patience).await?);
    let now = core.clock.now();
    see_quarantined(core, now).await?;
    incidents::add_unanswered(&core.pool, &breakers::name(Breaker::Authority)).await?;
    take_back(core, now).await?;
    close_passed(core, now).await?;
    incidents::forget_failures(&core.pool, core.guard.since(now)).await
}

/// What was asked of Microsoft goes to the sums; what cannot be added now is added at the next beat.
async fn add_counts(core: &Core, unadded: &mut Vec<Counted>) {
    unadded.extend(core.entra.take_counts());
    match call_totals::add(&core.pool, unadded).await {
        Ok(()) => unadded.clear(),
        Err(error) => tracing::warn!(%error, "counts of calls are not added yet"),
    }
}

/// In order; what cannot be written now is written at the next beat.
async fn write(core: &Core, unwritten: &mut Vec<Change>) {
    let mut written = 0;
    for change in unwritten.iter() {
        if let Err(error) = turn(core, *change).await {
            tracing::warn!(?change, %error, "a breaker turned and it is not written yet");
            break;
        }
        written += 1;
    }
    unwritten.drain(..written);
}

async fn turn(core: &Core, change: Change) -> sqlx::Result<()> {
    let now = core.clock.now();
    let mut tx = core.pool.begin().await?;
    match change {
        Change::Shut {
            breaker,
            pause,
            times,
        } => {
            breakers::shut(&mut *tx, breaker, pause, times).await?;
            let cause = breakers::name(breaker);
            let (kind, class) = match breaker {
                Breaker::Authority => ("authority", "transient"),
                Breaker::Lane(_) => ("application", "app_level"),
            };
            let trouble = Trouble {
                kind,
                cause: &cause,
                class,
                code: None,
                at: now,
                holds_until: now + QUIET,
            };
            let opened = see(&mut tx, &trouble, 0).await?;
            if let Breaker::Lane(lane) = breaker {
                incidents::add_of_lane(&mut *tx, opened.id, lane).await?;
            }
        }
        Change::Opened { breaker } => {
            breakers::open(&mut *tx, breaker).await?;
            incidents::hold(&mut *tx, &breakers::name(breaker), now + QUIET).await?;
        }
    }
    tx.commit().await
}

async fn see_quarantined(core: &Core, now: OffsetDateTime) -> sqlx::Result<()> {
    let tenants = incidents::newly_quarantined(&core.pool, QUARANTINE).await?;
    if tenants.is_empty() {
        return Ok(());
    }
    let trouble = Trouble {
        kind: QUARANTINE,
        cause: QUARANTINE,
        class: "",
        code: None,
        at: now,
        holds_until: now,
    };
    let mut tx = core.pool.begin().await?;
    let count = i64::try_from(tenants.len()).unwrap_or(i64::MAX);
    let opened = see(&mut tx, &trouble, count).await?;
    incidents::add(&mut *tx, opened.id, &tenants).await?;
    tx.commit().await
}

async fn close_passed(core: &Core, now: OffsetDateTime) -> sqlx::Result<()> {
    let mut tx = core.pool.begin().await?;
    let limit = i64::from(core.guard.limit());
    for passing in incidents::passed(&mut tx, now, core.guard.since(now), limit).await? {
        incidents::close(&mut *tx, passing.id, now).await?;
        incidents::retry_soon(&mut *tx, passing.id, now, spread(passing.tenants)).await?;
        audit(
            &mut tx,
            "incident.closed",
            passing.id,
            &passing.cause,
            passing.tenants,
            now,
        )
        .await?;
        tracing::info!(incident.id = %passing.id, cause = passing.cause, "an incident is over");
    }
    tx.commit().await
}
