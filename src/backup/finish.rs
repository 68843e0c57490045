//! The restore mode: step by step a restored database is made one that may serve. A step that is done is not done again, so
//! this may be killed at any moment and called again.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use sqlx::PgPool;
use uuid::Uuid;

use super::error::{BackupError, io};
use crate::clock::Clock;
use crate::domain::op::{Actor, Op, Scope};
use crate::domain::restoration::{self, Log, Step};
use crate::domain::revocation::{self, Revocation};
use crate::keeper::{AfterRestore, Keyring, RestoreStep};

/// Where the revocations are read.
#[derive(Clone, Debug)]
pub enum LogChoice {
    At(PathBuf),
    /// There is none, and whoever restores knows what that means.
    None,
}

/// What is told as it happens.
#[derive(Clone, Debug)]
pub struct Progress {
    pub step: Step,
    /// Counted from 1, of so many.
    pub turn: usize,
    pub of: usize,
    pub found: Map<String, Value>,
    /// It was done before.
    pub is_old: bool,
}

/// All steps are done.
#[derive(Clone, Debug)]
pub struct Finished {
    pub restore: Uuid,
    /// What each step found, by its name.
    pub found: Map<String, Value>,
}

/// The pools of portal and keeper, and what the keeper opens with.
#[derive(Clone, Copy, Debug)]
pub struct Hands<'a> {
    pub portal: &'a PgPool,
    pub keeper: &'a PgPool,
    pub clock: &'a Clock,
}

/// Do what is left to do. `ours` is the log that this installation goes on writing.
pub async fn finish(
    hands: Hands<'_>,
    keys: Keyring,
    log: &LogChoice,
    ours: &Path,
    mut tell: impl FnMut(Progress),
) -> anyhow::Result<Finished> {
    let restore = unfinished(&hands).await?;
    let mut done = done(&hands, restore).await?;
    let known = read_log(log, ours, done.contains_key(Step::Revocations.as_str()))?;
    let keeper = AfterRestore::begin(hands.keeper.clone(), keys, hands.clock.clone()).await?;
    let mut found = Map::new();
    for (at, step) in Step::ALL.into_iter().enumerate() {
        let old = done.remove(step.as_str());
        let is_old = old.is_some();
        let this = match (old, keepers(step)) {
            (Some(old), _) => old,
            (None, Some(step)) => keeper.run(restore, step).await?,
            (None, None) => portal_step(&hands, restore, step, &known).await?,
        };
        found.insert(step.as_str().to_owned(), Value::Object(this.clone()));
        tell(Progress {
            step,
            turn: at + 1,
            of: Step::ALL.len(),
            found: this,
            is_old,
        });
    }
    Ok(Finished { restore, found })
}

/// The revocations to go by.
struct Known {
    revocations: Option<Vec<Revocation>>,
    is_ours: bool,
}

/// Read the log; where this installation has none yet, it goes on with this one.
fn read_log(log: &LogChoice, ours: &Path, is_done: bool) -> anyhow::Result<Known> {
    let LogChoice::At(path) = log else {
        return Ok(Known {
            revocations: None,
            is_ours: false,
        });
    };
    if is_done && !path.exists() {
        return Ok(Known {
            revocations: None,
            is_ours: false,
        });
    }
    if !path.exists() {
        return Err(BackupError::NoLog(path.clone()).into());
    }
    let revocations = revocation::read(path)?;
    if !ours.exists() {
        fs::copy(path, ours).map_err(io("write", ours))?;
    }
    let same = |path: &Path| path.canonicalize().ok();
    Ok(Known {
        is_ours: same(path) == same(ours) || fs::read(path).ok() == fs::read(ours).ok(),
        revocations: Some(revocations),
    })
}

/// The restore under way; one begins here when the database came by other hands.
async fn unfinished(hands: &Hands<'_>) -> Result<Uuid, BackupError> {
    let mut op = op(hands).await?;
    if restoration::is_live(&mut op).await? {
        return Err(BackupError::NothingToFinish);
    }
    if let Some(id) = restoration::unfinished(&mut op).await? {
        return Ok(id);
    }
    let id = restoration::begin(&mut op, None).await?;
    op.commit().await?;
    Ok(id)
}

async fn done(
    hands: &Hands<'_>,
    restore: Uuid,
) -> Result<HashMap<String, Map<String, Value>>, BackupError> {
    let mut op = op(hands).await?;
    let done = restoration::done(&mut op, restore).await?;
    op.roll_back().await?;
    Ok(done
        .into_iter()
        .map(|(step, found)| match found {
            Value::Object(found) => (step, found),
            _ => (step, Map::new()),
        })
        .collect())
}

async fn portal_step(
    hands: &Hands<'_>,
    restore: Uuid,
    step: Step,
    known: &Known,
) -> anyhow::Result<Map<String, Value>> {
    let mut op = op(hands).await?;
    let log = Log {
        revocations: known.revocations.as_deref(),
        is_ours: known.is_ours,
    };
    let found = restoration::run(&mut op, restore, step, log).await?;
    op.commit().await?;
    Ok(found)
}

async fn op(hands: &Hands<'_>) -> Result<Op, sqlx::Error> {
    let actor = Actor::Command("restore");
    Op::begin_within(hands.portal, hands.clock, actor, Scope::all()).await
}

const fn keepers(step: Step) -> Option<RestoreStep> {
    match step {
        Step::Connections => Some(RestoreStep::Connections),
        Step::Credentials => Some(RestoreStep::Credentials),
        Step::DataKeys => Some(RestoreStep::DataKeys),
        Step::Seals => Some(RestoreStep::Seals),
        Step::Audit => Some(RestoreStep::Audit),
        Step::Schedule => Some(RestoreStep::Schedule),
        _ => None,
    }
}
