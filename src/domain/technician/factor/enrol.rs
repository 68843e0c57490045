//! Adding a factor. The very first needs a password alone; from then on one has to be proved before another is added.

use uuid::Uuid;
use webauthn_rs::prelude::Passkey;

use super::app::{self, AppError};
use super::passkey::{Ceremony, PasskeyError, Passkeys};
use super::prove::Prover;
use super::{FactorKind, change};
use crate::clock::ordered_uuid;
use crate::domain::audit::Entry;
use crate::domain::op::Op;
use crate::domain::technician::{Technician, store};
use crate::storage::{Violation, violation};

/// Factors of one person at most.
pub const MOST_FACTORS: usize = 10;

/// Why nothing was added.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The password alone was proved, and there is a factor to prove already.
    #[error("a factor exists and has to be proved first")]
    ProveFirst,
    #[error("there are as many factors as one person may have")]
    TooMany,
    #[error("this passkey is known already")]
    Known,
    /// Not the code that the app shows, or what was begun is over.
    #[error("the code is wrong")]
    WrongCode,
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    #[error(transparent)]
    App(AppError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<AppError> for EnrolError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Database(error) => Self::Database(error),
            other => Self::App(other),
        }
    }
}

/// Store the passkey that the browser made. `has_proved`: a factor was proved in this login.
pub async fn add_passkey(
    by: &Prover<'_>,
    technician: &Technician,
    (passkeys, ceremony, answer): (&Passkeys, Option<Ceremony>, &str),
    name: &str,
    has_proved: bool,
) -> Result<(), EnrolError> {
    let passkey: Passkey = passkeys.finish_enrolment(technician.id, ceremony, answer)?;
    let mut op = by.begin(technician).await?;
    may_add(&mut op, technician, has_proved).await?;
    let id = ordered_uuid();
    let name = change::factor_name(name).unwrap_or_else(|| "Passkey".to_owned());
    store::insert_passkey(&mut op, technician.id, id, &name, &passkey)
        .await
        .map_err(|error| match violation(&error) {
            Some(Violation::Unique("technician_factors_credential_id_key")) => EnrolError::Known,
            _ => EnrolError::Database(error),
        })?;
    added(op, technician, id, FactorKind::Passkey).await
}

/// Keep the app that was begun, since its code is right.
pub async fn confirm_app(
    by: &Prover<'_>,
    technician: &Technician,
    code: &str,
    has_proved: bool,
) -> Result<(), EnrolError> {
    let mut op = by.begin(technician).await?;
    let since = op.now() - app::SETUP_LASTS;
    let pending = store::pending(&mut op, technician.id, since).await?;
    drop(op);
    let id = pending.ok_or(EnrolError::WrongCode)?;
    if !app::check(by.keeper, technician.id, id, &app::bare(code)).await? {
        return Err(EnrolError::WrongCode);
    }
    let mut op = by.begin(technician).await?;
    may_add(&mut op, technician, has_proved).await?;
    if !store::confirm_app(&mut op, technician.id, id).await? {
        return Err(EnrolError::WrongCode);
    }
    added(op, technician, id, FactorKind::Totp).await
}

/// Holds the technician's row, so that of two who add a first factor at once the second has to prove it.
async fn may_add(op: &mut Op, technician: &Technician, has_proved: bool) -> Result<(), EnrolError> {
    if !store::hold(op, technician.id).await? {
        return Err(EnrolError::ProveFirst);
    }
    let known = store::enrolled(op.db(), technician.id).await?;
    if !has_proved && !known.factors.is_empty() {
        return Err(EnrolError::ProveFirst);
    }
    if known.factors.len() >= MOST_FACTORS {
        return Err(EnrolError::TooMany);
    }
    Ok(())
}

async fn added(
    mut op: Op,
    technician: &Technician,
    id: Uuid,
    kind: FactorKind,
) -> Result<(), EnrolError> {
    Entry::new("factor.added")
        .object("factor", id)
        .detail("technician", technician.id.to_string())
        .detail("kind", kind.as_str())
        .write(&mut op)
        .await?;
    op.commit().await?;
    Ok(())
}
