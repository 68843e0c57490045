//! Which identity belongs to which technician: tied by a one-time link or by somebody who is signed in, never because an
//! e-mail address is the same.

use sqlx::PgPool;

use super::{Identity, Refused, SignOn, store};
use crate::domain::audit::Entry;
use crate::domain::op::Op;
use crate::domain::technician::{self, Technician};
use crate::storage::{TechnicianId, Violation, violation};

/// A technician's identity, and the technician.
#[derive(Clone, Debug)]
pub struct Linked {
    pub technician: Technician,
    pub sign_on: SignOn,
}

/// Why nothing was untied.
#[derive(Debug, thiserror::Error)]
pub enum UnlinkError {
    #[error("no identity is linked")]
    NotLinked,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The identity of this technician, when one is linked.
pub async fn linked(op: &mut Op, id: TechnicianId) -> Result<Option<SignOn>, sqlx::Error> {
    store::of_technician(op, id).await
}

/// Whether one is, outside a unit of work.
pub async fn is_linked(pool: &PgPool, id: TechnicianId) -> Result<bool, sqlx::Error> {
    store::is_linked(pool, id).await
}

/// Untie it: they cannot come in by it any more, and every login ends.
pub async fn unlink(op: &mut Op, id: TechnicianId) -> Result<(), UnlinkError> {
    let removed = store::delete(op, id).await?.ok_or(UnlinkError::NotLinked)?;
    technician::end_sessions(op, id).await?;
    entry("technician.sign_on_unlinked", id, &removed)
        .write(op)
        .await?;
    Ok(())
}

/// Tie the identity to the technician, in the place of a former one.
pub(super) async fn link(
    op: &mut Op,
    id: TechnicianId,
    identity: &Identity,
) -> Result<Result<(), Refused>, sqlx::Error> {
    if let Some(former) = store::of_technician(op, id).await? {
        if former.identity == *identity {
            return Ok(Ok(()));
        }
        store::delete(op, id).await?;
        entry("technician.sign_on_unlinked", id, &former.identity)
            .write(op)
            .await?;
    }
    match store::insert(op, id, identity).await {
        Ok(()) => {}
        Err(error) => {
            return match violation(&error) {
                Some(Violation::Unique("technician_sign_ons_identity_key")) => {
                    Ok(Err(Refused::TakenIdentity))
                }
                _ => Err(error),
            };
        }
    }
    entry("technician.sign_on_linked", id, identity)
        .write(op)
        .await?;
    Ok(Ok(()))
}

fn entry(action: &'static str, id: TechnicianId, identity: &Identity) -> Entry {
    Entry::new(action)
        .object("technician", id)
        .detail("issuer", identity.issuer.as_str())
        .detail("subject", identity.subject.as_str())
}
