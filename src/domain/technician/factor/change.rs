//! Renaming and removing factors, and forgetting all of somebody who lost them.

use uuid::Uuid;

use super::{Enrolled, FactorKind};
use crate::domain::audit::Entry;
use crate::domain::line::plain;
use crate::domain::op::Op;
use crate::domain::technician::manage::{ChangeError, Who, find};
use crate::domain::technician::{Technician, store};
use crate::storage::TechnicianId;

/// Why a factor stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ChangeFactorError {
    #[error("there is no such factor")]
    NotFound,
    #[error("expected a name of 1 to 50 characters")]
    Name,
    #[error("it is the last factor")]
    Last,
    #[error("it is the last passkey, and this role needs one")]
    LastPasskey,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// As its owner may call it.
pub fn factor_name(typed: &str) -> Option<String> {
    let name = plain(typed);
    (1..=50).contains(&name.chars().count()).then_some(name)
}

pub async fn rename(
    op: &mut Op,
    technician: TechnicianId,
    id: Uuid,
    typed: &str,
) -> Result<String, ChangeFactorError> {
    let known = store::enrolled(op.db(), technician).await?;
    if !known.factors.iter().any(|factor| factor.id == id) {
        return Err(ChangeFactorError::NotFound);
    }
    let name = factor_name(typed).ok_or(ChangeFactorError::Name)?;
    if !store::rename_factor(op, technician, id, &name).await? {
        return Err(ChangeFactorError::NotFound);
    }
    Entry::new("factor.renamed")
        .object("factor", id)
        .detail("technician", technician.to_string())
        .write(op)
        .await?;
    Ok(name)
}

/// Forget one of one's own factors, never the last; gives its name.
pub async fn remove(
    op: &mut Op,
    technician: TechnicianId,
    id: Uuid,
    needs_passkey: bool,
) -> Result<String, ChangeFactorError> {
    // Two who each remove one of the last two must not both succeed.
    store::hold(op, technician).await?;
    let known = store::enrolled(op.db(), technician).await?;
    let going = known.factors.iter().find(|factor| factor.id == id);
    let going = going.ok_or(ChangeFactorError::NotFound)?;
    may_go(&known, id, needs_passkey)?;
    store::delete_factor(op, technician, id).await?;
    Entry::new("factor.removed")
        .object("factor", id)
        .detail("technician", technician.to_string())
        .detail("kind", going.kind.as_str())
        .write(op)
        .await?;
    Ok(going.name.clone())
}

fn may_go(known: &Enrolled, id: Uuid, needs_passkey: bool) -> Result<(), ChangeFactorError> {
    let mut left = known.factors.iter().filter(|factor| factor.id != id);
    if left.clone().next().is_none() {
        return Err(ChangeFactorError::Last);
    }
    let had_passkey = known.has(FactorKind::Passkey);
    if needs_passkey && had_passkey && !left.any(|factor| factor.kind == FactorKind::Passkey) {
        return Err(ChangeFactorError::LastPasskey);
    }
    Ok(())
}

/// Somebody lost their factors: forget all of them and their recovery codes, and end every login. The password stays; the next
/// login enrols anew.
pub async fn reset_factors(
    op: &mut Op,
    who: impl Into<Who<'_>>,
) -> Result<Technician, ChangeError> {
    let technician = find(op, who.into()).await?;
    if technician.disabled {
        return Err(ChangeError::Disabled);
    }
    store::hold(op, technician.id).await?;
    let forgotten = store::delete_factors(op, technician.id).await?;
    store::end_sessions(op, technician.id).await?;
    Entry::new("technician.factors_reset")
        .object("technician", technician.id)
        .detail("factors", forgotten)
        .write(op)
        .await?;
    Ok(technician)
}
