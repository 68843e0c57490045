//! Changing one's own password: the old one is proved first, every other login ends.

use secrecy::SecretString;
use uuid::Uuid;

use super::brake::{self, Admission, Subject};
use super::factor::Prover;
use super::hashing::{self, PasswordHash};
use super::sign_in::SignInError;
use super::{LoginName, Technician, session, store};
use crate::domain::audit::{Entry, Outcome};
use crate::domain::op::Op;
use crate::storage::TechnicianId;

/// Whether they have one at all; who only ever came in by single sign-on has none.
pub async fn has_password(op: &mut Op, id: TechnicianId) -> Result<bool, sqlx::Error> {
    store::has_password(op, id).await
}

/// Whether this is the technician's password. Guesses are counted as at the login.
pub async fn prove_password(
    by: &Prover<'_>,
    technician: &Technician,
    typed: SecretString,
) -> Result<(), SignInError> {
    let subjects = [
        Subject::account(&technician.email),
        Subject::address(by.ip),
        Subject::everybody(by.clock.now()),
    ];
    let mut op = by.begin(technician).await?;
    let pause = match brake::admit(&mut op, &subjects).await? {
        Admission::Wait(wait) => return Err(SignInError::TooSoon { wait }),
        Admission::Go(pause) => pause,
    };
    let hash = match LoginName::parse(&technician.email) {
        Ok(name) => store::find_by_login_name(&mut op, &name).await?,
        Err(_) => None,
    };
    op.commit().await?;
    pause.wait().await;
    let hash = hash.and_then(|(_, hash)| hash);
    let proved = hashing::verify(typed, hash).await;
    let mut op = by.begin(technician).await?;
    if let Ok(false) = proved {
        Entry::new("technician.password_changed")
            .object("technician", technician.id)
            .outcome(Outcome::Denied)
            .detail("reason", "wrong password")
            .write(&mut op)
            .await?;
    } else {
        brake::take_back(&mut op, &subjects).await?;
    }
    op.commit().await?;
    if proved? {
        Ok(())
    } else {
        Err(SignInError::Refused)
    }
}

/// Set it, and end every login but `keep`; false when the technician was disabled meanwhile.
pub async fn change_own_password(
    op: &mut Op,
    technician: &Technician,
    hash: &PasswordHash,
    keep: Uuid,
) -> Result<bool, sqlx::Error> {
    if store::set_password(op, technician.id, hash.as_phc())
        .await?
        .is_none()
    {
        return Ok(false);
    }
    store::delete_links(op, technician.id).await?;
    session::end_other_sessions(op, technician.id, keep).await?;
    Entry::new("technician.password_changed")
        .object("technician", technician.id)
        .write(op)
        .await?;
    Ok(true)
}
