//! One disconnection in hand: its steps one after another until it is done or has to wait. A step's result is written with
//! its changes and only while the lease is ours, so that it is written once.

use serde_json::Value;
use sqlx::PgConnection;
use std::borrow::Cow;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::step::Step;
use super::{destroy, forget, prove, revoke};
use crate::keeper::core::{Core, Shared, jitter};
use crate::keeper::message::Actor;
use crate::keeper::store::audit;
use crate::keeper::store::disconnections::{self, Disconnection};
use crate::keeper::trouble::Trouble;

/// Microsoft is waited for no longer, by App's clock.
const PATIENCE: Duration = Duration::hours(1);
/// Between two tries, doubled up to the longest.
const PAUSE: Duration = Duration::seconds(20);
const LONGEST_PAUSE: Duration = Duration::minutes(10);
/// A step that asks Microsoft must end within the lease.
const STEP_LIMIT: std::time::Duration = std::time::Duration::from_secs(90);

/// What came of a step.
pub(super) enum Came {
    /// It is done, with this result.
    To(Outcome),
    /// Try again after so long; none for the usual pause.
    Later(Option<Duration>),
}

/// The result that is told.
pub(super) struct Outcome {
    pub word: Cow<'static, str>,
    pub details: Value,
}

impl Outcome {
    pub fn new(word: impl Into<Cow<'static, str>>, details: Value) -> Self {
        Self {
            word: word.into(),
            details,
        }
    }
}

/// What a step works with.
pub(super) struct Work<'a> {
    pub core: &'a Core,
    pub one: &'a Disconnection,
    /// Microsoft was waited for long enough: say what is known.
    pub is_late: bool,
}

/// Work until it is done or has to wait.
pub(super) async fn run(core: &Shared, mut one: Disconnection, lease_id: Uuid) {
    loop {
        if core.stop.is_cancelled() {
            give_back(core, &one, lease_id, core.clock.now()).await;
            return;
        }
        match step(core, &one, lease_id).await {
            Ok(Some(next)) if next.step == Step::Done => return,
            Ok(Some(next)) => one = next,
            Ok(None) => return,
            Err(trouble) => {
                tracing::error!(error = %trouble, disconnection.id = %one.id, step = one.step.as_str(),
                    "a step of a disconnection cannot be done now");
                let now = core.clock.now();
                give_back(core, &one, lease_id, now + pause(one.attempts)).await;
                return;
            }
        }
    }
}

/// One step; the disconnection as it stands afterwards, none when it is out of our hands.
async fn step(
    core: &Core,
    one: &Disconnection,
    lease_id: Uuid,
) -> Result<Option<Disconnection>, Trouble> {
    let is_late = core.clock.now() >= one.started_at + PATIENCE;
    let work = Work { core, one, is_late };
    let came = if one.step.asks_microsoft() {
        let asked = async {
            // Its tokens are forgotten: what they told then is what is known.
            if let Some((word, details)) = disconnections::found_before(&core.pool, one).await? {
                return Ok(Came::To(Outcome::new(word, details)));
            }
            match one.step {
                Step::Revoke => revoke::step(&work).await,
                _ => prove::step(&work).await,
            }
        };
        match tokio::time::timeout(STEP_LIMIT, asked).await {
            Ok(came) => came?,
            Err(_) if is_late => Came::To(Outcome::new("unreachable", Value::default())),
            Err(_) => Came::Later(None),
        }
    } else {
        return in_transaction(&work, lease_id).await;
    };
    match came {
        Came::To(outcome) => {
            let mut tx = core.pool.begin().await?;
            let next = finish(&mut tx, &work, lease_id, &outcome).await?;
            if next.is_some() {
                tx.commit().await?;
            }
            Ok(next)
        }
        Came::Later(after) => {
            let now = core.clock.now();
            let last = one.started_at + PATIENCE;
            let next = now + after.unwrap_or_else(|| pause(one.attempts));
            // At the end of our patience it is looked at once more, whatever the pause.
            let next = if now < last { next.min(last) } else { next };
            give_back(core, one, lease_id, next).await;
            Ok(None)
        }
    }
}

/// A step of ours alone: its changes and its result are one commit.
async fn in_transaction(work: &Work<'_>, lease_id: Uuid) -> Result<Option<Disconnection>, Trouble> {
    if work.one.step == Step::Destroy {
        destroy::free(work).await?;
    }
    let mut tx = work.core.pool.begin().await?;
    let came = match work.one.step {
        Step::Forget => forget::step(&mut tx, work).await?,
        _ => destroy::step(&mut tx, work).await?,
    };
    let outcome = match came {
        Came::To(outcome) => outcome,
        Came::Later(after) => {
            drop(tx);
            let next = work.core.clock.now() + after.unwrap_or_else(|| pause(work.one.attempts));
            give_back(work.core, work.one, lease_id, next).await;
            return Ok(None);
        }
    };
    let next = finish(&mut tx, work, lease_id, &outcome).await?;
    if next.is_some() {
        tx.commit().await?;
    }
    Ok(next)
}

/// Write the result down and go on to the next step; none when another keeper has it by now.
async fn finish(
    tx: &mut PgConnection,
    work: &Work<'_>,
    lease_id: Uuid,
    outcome: &Outcome,
) -> sqlx::Result<Option<Disconnection>> {
    let (one, now) = (work.one, work.core.clock.now());
    let next = one.step.next(one.delete_everything);
    if !disconnections::advance(&mut *tx, one, lease_id, next, now).await? {
        return Ok(None);
    }
    disconnections::insert_step(&mut *tx, one, &outcome.word, &outcome.details, now).await?;
    note(&mut *tx, one, one.step, outcome, now).await?;
    if next == Step::Done {
        note(&mut *tx, one, next, outcome, now).await?;
    }
    Ok(Some(Disconnection {
        step: next,
        attempts: 0,
        ..one.clone()
    }))
}

async fn note(
    tx: &mut PgConnection,
    one: &Disconnection,
    step: Step,
    outcome: &Outcome,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let details = match step {
        Step::Done => serde_json::json!({ "delete_everything": one.delete_everything }),
        _ => serde_json::json!({ "outcome": outcome.word, "found": outcome.details }),
    };
    let entry = audit::Entry {
        tenant_id: Some(one.tenant_id),
        actor: &Actor::keeper(),
        action: step.action(),
        object_type: "disconnection",
        object_id: one.id.to_string(),
        result: "done",
        details,
    };
    audit::insert(tx, entry, now).await
}

async fn give_back(core: &Core, one: &Disconnection, lease_id: Uuid, next: OffsetDateTime) {
    let given = disconnections::give_back(&core.pool, one, lease_id, next).await;
    if let Err(error) = given {
        // The lease ends by itself.
        tracing::warn!(%error, disconnection.id = %one.id, "a disconnection cannot be given back");
    }
}

fn pause(attempts: i32) -> Duration {
    let doubled = 2_i32.saturating_pow(attempts.clamp(0, 10).unsigned_abs());
    (PAUSE * doubled).min(LONGEST_PAUSE) * (1.0 + jitter() / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_below_a_quarter_of_an_hour() {
        assert!(pause(0) < Duration::seconds(26));
        assert!(pause(3) >= Duration::seconds(160));
        assert!(pause(i32::MAX) < Duration::minutes(13));
    }
}
