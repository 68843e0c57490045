//! "Disconnect all customers": an owner asks, a different owner or admin confirms within a quarter of an hour, and only then
//! anything happens. From the confirmation on there is no way back.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::report::{Proof, Step};
use super::store;
use crate::clock::ordered_uuid;
use crate::domain::audit::Entry;
use crate::domain::op::Op;
use crate::storage::{TechnicianId, Violation, violation};

/// The second person has so long.
pub const CONFIRM_WITHIN: Duration = Duration::minutes(15);

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlugState {
    /// Waits for a second person.
    Asked,
    /// Everything is disconnected, or being disconnected.
    Pulled,
    Cancelled,
    /// Nobody confirmed in time.
    Lapsed,
}

/// One "Disconnect all customers".
#[derive(Clone, Debug)]
pub struct Plug {
    pub id: Uuid,
    pub state: PlugState,
    pub delete_everything: bool,
    pub reason: String,
    pub asked_by: TechnicianId,
    pub asked_by_name: String,
    pub asked_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    /// Who confirmed or cancelled; empty before.
    pub decided_by_name: String,
    pub decided_at: Option<OffsetDateTime>,
}

/// Tenants by what is to be done next, and by what was proven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub tenants: i64,
    /// In the order of [`Step::ALL`].
    pub steps: Vec<(Step, i64)>,
    pub proofs: Vec<(Proof, i64)>,
}

/// A tenant at which something of ours may be left at Microsoft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    pub short_name: String,
    pub full_name: String,
    pub proof: Proof,
}

/// Why nothing was asked for.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Somebody asked before, and it waits for the second person.
    #[error("it was asked for already")]
    Asked,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Why nothing was disconnected, or nothing was cancelled.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// Decided by somebody else meanwhile, or never asked for.
    #[error("nothing waits for confirmation")]
    NotAsked,
    #[error("the quarter of an hour is over")]
    Late,
    /// It takes two persons.
    #[error("who asked cannot confirm")]
    SamePerson,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Ask for it; nothing happens yet.
pub async fn ask(
    op: &mut Op,
    by: TechnicianId,
    delete_everything: bool,
    reason: &str,
) -> Result<Uuid, AskError> {
    store::plug::lapse(op).await?;
    let id = ordered_uuid();
    let expires_at = op.now() + CONFIRM_WITHIN;
    let asked = store::plug::insert(op, id, by, delete_everything, reason, expires_at).await;
    asked.map_err(|error| match violation(&error) {
        Some(Violation::Unique("plugs_asked_key")) => AskError::Asked,
        _ => AskError::Database(error),
    })?;
    Entry::new("plug.asked")
        .object("plug", id)
        .detail("delete_everything", delete_everything)
        .detail("reason", reason)
        .write(op)
        .await?;
    Ok(id)
}

/// The second person confirms: hand-out stops for everybody in this transaction. Gives the number of tenants. After the
/// commit: [`super::look`].
pub async fn confirm(op: &mut Op, id: Uuid, by: TechnicianId) -> Result<i64, ConfirmError> {
    store::plug::hold_hand_out(op).await?;
    if !store::plug::decide(op, id, "pulled", by).await? {
        return Err(why_not(op, id, by).await?);
    }
    let tenants = store::plug::insert_all(op, id).await?;
    let invitations = store::begin::end_invitations(op, None, Some(id)).await?;
    store::begin::stop(op, None, Some(id)).await?;
    Entry::new("plug.pulled")
        .object("plug", id)
        .detail("tenants", tenants)
        .detail("invitations_ended", invitations)
        .write(op)
        .await?;
    let all = store::plug::members(op, id).await?;
    Entry::new("disconnection.begun")
        .detail("plug", id.to_string())
        .write_each(op, "disconnection", &all)
        .await?;
    Ok(tenants)
}

async fn why_not(op: &mut Op, id: Uuid, by: TechnicianId) -> Result<ConfirmError, sqlx::Error> {
    let found = store::plug::find(op, id).await?;
    Ok(match found {
        Some(plug) if plug.state == PlugState::Lapsed => ConfirmError::Late,
        Some(plug) if plug.state == PlugState::Asked && plug.asked_by == by => {
            ConfirmError::SamePerson
        }
        _ => ConfirmError::NotAsked,
    })
}

/// Take it back before anybody confirmed.
pub async fn cancel(op: &mut Op, id: Uuid, by: TechnicianId) -> Result<(), ConfirmError> {
    if !store::plug::decide(op, id, "cancelled", by).await? {
        return Err(match why_not(op, id, by).await? {
            ConfirmError::SamePerson => ConfirmError::NotAsked,
            other => other,
        });
    }
    Entry::new("plug.cancelled")
        .object("plug", id)
        .write(op)
        .await?;
    Ok(())
}

/// The latest one.
pub async fn latest(op: &mut Op) -> Result<Option<Plug>, sqlx::Error> {
    store::plug::latest(op).await
}

/// Tenants that would be disconnected now.
pub async fn count_affected(op: &mut Op) -> Result<i64, sqlx::Error> {
    store::plug::count_affected(op).await
}

/// How far it has come.
pub async fn progress(op: &mut Op, id: Uuid) -> Result<Progress, sqlx::Error> {
    store::plug::progress(op, id).await
}

/// Tenants whose permission is not proven gone, by name, at most so many.
pub async fn exceptions(op: &mut Op, id: Uuid, most: i64) -> Result<Vec<Exception>, sqlx::Error> {
    store::plug::exceptions(op, id, most).await
}
