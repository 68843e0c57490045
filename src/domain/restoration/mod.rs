//! What a restored database must go through before it serves: everything that was open is closed, and what was revoked since
//! the backup is revoked again. Each step is a transaction of its own that also writes down that it is done, so that a killed
//! restore goes on where it was. The keeper has steps of its own for what only it may touch (`keeper::restored`).
//!
//! The steps write neighbours' tables in one statement each: their operations refuse what a restore must do, such as disabling
//! the last owner, and would take hours for a fleet.

mod portal;
mod store;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use uuid::Uuid;

use super::audit::Entry;
use super::op::Op;
use super::revocation::{self, Revocation};

/// What a step found and did, by name.
pub type Found = Map<String, Value>;

/// The steps, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Revocations,
    Sessions,
    Invitations,
    Technicians,
    Tenants,
    Disconnections,
    ApiKeys,
    Outgoing,
    Connections,
    Credentials,
    DataKeys,
    Seals,
    Audit,
    Schedule,
    Live,
}

impl Step {
    /// Who revokes comes before who opens; the last one lets the installation serve.
    pub const ALL: [Self; 15] = [
        Self::Revocations,
        Self::Sessions,
        Self::Invitations,
        Self::Technicians,
        Self::Tenants,
        Self::Disconnections,
        Self::ApiKeys,
        Self::Outgoing,
        Self::Connections,
        Self::Credentials,
        Self::DataKeys,
        Self::Seals,
        Self::Audit,
        Self::Schedule,
        Self::Live,
    ];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revocations => "revocations",
            Self::Sessions => "sessions",
            Self::Invitations => "invitations",
            Self::Technicians => "technicians",
            Self::Tenants => "tenants",
            Self::Disconnections => "disconnections",
            Self::ApiKeys => "api_keys",
            Self::Outgoing => "outgoing",
            Self::Connections => "connections",
            Self::Credentials => "credentials",
            Self::DataKeys => "data_keys",
            Self::Seals => "seals",
            Self::Audit => "audit",
            Self::Schedule => "schedule",
            Self::Live => "live",
        }
    }

    /// For the person at the terminal.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Revocations => "Read what was revoked since the backup",
            Self::Sessions => "End every login",
            Self::Invitations => "Close open invitations and sign-ins",
            Self::Technicians => "Disable, demote and limit technicians again",
            Self::Tenants => "Stop suspended and archived tenants again",
            Self::Disconnections => "Disconnect customers again",
            Self::ApiKeys => "Suspend API keys",
            Self::Outgoing => "Hold outgoing mail and webhooks",
            Self::Connections => "End revoked authorisations again",
            Self::Credentials => "Retire credentials again",
            Self::DataKeys => "Destroy data keys again",
            Self::Seals => "Open every sealed value",
            Self::Audit => "Begin a new part of the audit log",
            Self::Schedule => "Spread the coming renewals",
            Self::Live => "Let the installation serve",
        }
    }
}

/// The backup that a database came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    pub backup: Uuid,
    pub taken_at: OffsetDateTime,
}

/// Begin the steps for a database that has just been restored; none of an earlier restore counts.
pub async fn begin(op: &mut Op, origin: Option<Origin>) -> Result<Uuid, sqlx::Error> {
    store::end_others(op).await?;
    let id = crate::clock::ordered_uuid();
    store::insert(op, id, origin).await?;
    Ok(id)
}

/// The restore that was not brought to its end.
pub async fn unfinished(op: &mut Op) -> Result<Option<Uuid>, sqlx::Error> {
    store::unfinished(op).await
}

/// Is the database one that may serve?
pub async fn is_live(op: &mut Op) -> Result<bool, sqlx::Error> {
    store::is_live(op).await
}

/// The steps that are done, with what they found.
pub async fn done(op: &mut Op, restore: Uuid) -> Result<Vec<(String, Value)>, sqlx::Error> {
    store::done(op, restore).await
}

/// What of the revocation log the restore goes by.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    /// None: there is no log, and whoever restores knows what that means.
    pub revocations: Option<&'a [Revocation]>,
    /// It is, or has become, the file that this installation goes on writing.
    pub is_ours: bool,
}

/// The log is not the one of this installation: it lacks what the backup knows to be in it.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error(
        "the revocation log is another installation's, or its end was cut off: it lacks an entry that was in it when the backup was taken"
    )]
    ForeignLog,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Do a step of the portal's and write down what it found.
pub async fn run(op: &mut Op, restore: Uuid, step: Step, log: Log<'_>) -> Result<Found, StepError> {
    store::take_time(op).await?;
    let found = match step {
        Step::Revocations => revocations(op, restore, log).await?,
        Step::Sessions => portal::sessions(op).await?,
        Step::Invitations => portal::invitations(op).await?,
        Step::Technicians => portal::technicians(op, restore).await?,
        Step::Tenants => portal::tenants(op, restore).await?,
        Step::Disconnections => portal::disconnections(op, restore).await?,
        Step::Outgoing => portal::outgoing(op).await?,
        Step::ApiKeys => portal::api_keys(op, restore, log.revocations.is_none()).await?,
        Step::Live => {
            store::finish(op, restore).await?;
            Found::new()
        }
        Step::Connections
        | Step::Credentials
        | Step::DataKeys
        | Step::Seals
        | Step::Audit
        | Step::Schedule => Found::new(),
    };
    store::note(op, restore, step, &found).await?;
    let action = match step {
        Step::Live => "installation.restored",
        _ => "installation.restore_step",
    };
    let mut entry = Entry::new(action)
        .object("restore", restore)
        .detail("step", step.as_str());
    if step == Step::Live {
        if let Some(origin) = store::origin(op, restore).await? {
            entry = entry
                .detail("backup", origin.backup.to_string())
                .detail("taken_at", origin.taken_at.to_string());
        }
    } else {
        entry = entry.detail("found", Value::Object(found.clone()));
    }
    entry.write(op).await?;
    Ok(found)
}

async fn revocations(op: &mut Op, restore: Uuid, log: Log<'_>) -> Result<Found, StepError> {
    let Some(all) = log.revocations else {
        return Ok(count([("without_log", 1)]));
    };
    let newest = revocation::newest_exported(op).await?;
    if newest.is_some_and(|newest| !all.iter().any(|one| one.id == newest)) {
        return Err(StepError::ForeignLog);
    }
    let new = revocation::import(op, restore, all, log.is_ours).await?;
    Ok(count([("read", all.len() as u64), ("new", new)]))
}

/// Counts by name.
fn count<const N: usize>(counts: [(&str, u64); N]) -> Found {
    counts
        .into_iter()
        .map(|(name, count)| (name.to_owned(), count.into()))
        .collect()
}
