//! Proving a second factor. Guesses are counted for the same account and address as wrong passwords, so that going from one
//! to the other gains nothing.

use sqlx::PgPool;
use time::Duration;
use webauthn_rs::prelude::WebauthnError;

use super::app::{self, AppError};
use super::passkey::{Ceremony, PasskeyError, Passkeys};
use super::recovery::{self, RecoveryCode};
use super::{FactorKind, passkey};
use crate::clock::Clock;
use crate::domain::audit::{Entry, Outcome};
use crate::domain::op::Op;
use crate::domain::technician::brake::{self, Admission, Subject};
use crate::domain::technician::{Technician, store};
use crate::keeper::{self, Unavailable};

/// With what, and from where, somebody proves themselves.
#[derive(Clone, Copy, Debug)]
pub struct Prover<'a> {
    pub pool: &'a PgPool,
    pub clock: &'a Clock,
    pub keeper: &'a keeper::Client,
    /// Address of the browser.
    pub ip: &'a str,
    pub request_id: &'a str,
}

/// What is shown as a proof.
pub enum FactorProof<'a> {
    /// The code of an authenticator app.
    App(&'a str),
    Recovery(&'a str),
    /// The challenge that was taken from the session, and the browser's answer.
    Passkey(&'a Passkeys, Option<Ceremony>, &'a str),
}

/// Why nothing was proved.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    #[error("it is not right")]
    Refused,
    /// Too many failures; the proof was not looked at.
    #[error("too many failures, the next attempt is in {wait}")]
    TooSoon { wait: Duration },
    #[error(transparent)]
    Keeper(#[from] Unavailable),
    /// The keeper answered and could not tell.
    #[error("the code could not be compared")]
    Trouble,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Prover<'_> {
    /// A unit of work in this technician's name.
    pub async fn begin(&self, technician: &Technician) -> Result<Op, sqlx::Error> {
        let actor = technician.acting_from(self.ip.to_owned());
        Ok(Op::begin(self.pool, self.clock, actor)
            .await?
            .for_request(self.request_id))
    }
}

/// Whether the proof is this technician's; `what_for` is for the audit log.
pub async fn prove(
    by: &Prover<'_>,
    technician: &Technician,
    proof: FactorProof<'_>,
    what_for: &'static str,
) -> Result<FactorKind, ProveError> {
    let kind = proof.kind();
    let subjects = proof.subjects(by, technician);
    let mut op = by.begin(technician).await?;
    match brake::admit(&mut op, &subjects).await? {
        Admission::Wait(wait) => {
            drop(op);
            deny(by, technician, kind, what_for, "too many failures").await?;
            return Err(ProveError::TooSoon { wait });
        }
        Admission::Go(pause) => {
            op.commit().await?;
            pause.wait().await;
        }
    }
    let looked = look(by, technician, proof).await;
    match looked {
        Ok(Some(mut op)) => {
            brake::take_back(&mut op, &subjects).await?;
            brake::forget(&mut op, &Subject::account(&technician.email)).await?;
            entry(technician, kind, what_for).write(&mut op).await?;
            op.commit().await?;
            Ok(kind)
        }
        Ok(None) => {
            deny(by, technician, kind, what_for, "not right").await?;
            Err(ProveError::Refused)
        }
        Err(error) => {
            let mut op = by.begin(technician).await?;
            brake::take_back(&mut op, &subjects).await?;
            op.commit().await?;
            Err(error)
        }
    }
}

impl FactorProof<'_> {
    fn kind(&self) -> FactorKind {
        match self {
            Self::App(_) => FactorKind::Totp,
            Self::Recovery(_) => FactorKind::Recovery,
            Self::Passkey(..) => FactorKind::Passkey,
        }
    }

    /// A passkey cannot be guessed: who makes an account wait by wrong passwords does not keep its owner out.
    fn subjects(&self, by: &Prover<'_>, technician: &Technician) -> Vec<Subject> {
        let (address, everybody) = (Subject::address(by.ip), Subject::everybody(by.clock.now()));
        match self {
            Self::Passkey(..) => vec![address, everybody],
            _ => vec![Subject::account(&technician.email), address, everybody],
        }
    }
}

/// The unit of work in which the proof was used up; none when it is not right.
async fn look(
    by: &Prover<'_>,
    technician: &Technician,
    proof: FactorProof<'_>,
) -> Result<Option<Op>, ProveError> {
    match proof {
        FactorProof::App(code) => look_at_code(by, technician, code).await,
        FactorProof::Recovery(typed) => {
            let Some(code) = RecoveryCode::parse(typed) else {
                return Ok(None);
            };
            let mut op = by.begin(technician).await?;
            let was_used = recovery::use_code(&mut op, technician.id, &code).await?;
            Ok(was_used.then_some(op))
        }
        FactorProof::Passkey(passkeys, ceremony, answer) => {
            match passkeys.finish_proof(technician.id, ceremony, answer) {
                Ok(proved) => look_at_passkey(by, technician, &proved).await,
                Err(error) => {
                    note(&error);
                    Ok(None)
                }
            }
        }
    }
}

async fn look_at_code(
    by: &Prover<'_>,
    technician: &Technician,
    code: &str,
) -> Result<Option<Op>, ProveError> {
    let code = app::bare(code);
    let mut op = by.begin(technician).await?;
    let apps = store::apps(&mut op, technician.id).await?;
    drop(op);
    for id in apps {
        match app::check(by.keeper, technician.id, id, &code).await {
            Ok(true) => return Ok(Some(by.begin(technician).await?)),
            Ok(false) => {}
            Err(AppError::Keeper(silent)) => return Err(silent.into()),
            Err(AppError::Database(error)) => return Err(error.into()),
            Err(AppError::Refused(_) | AppError::Unexpected) => return Err(ProveError::Trouble),
        }
    }
    Ok(None)
}

async fn look_at_passkey(
    by: &Prover<'_>,
    technician: &Technician,
    proved: &passkey::Proved,
) -> Result<Option<Op>, ProveError> {
    let mut op = by.begin(technician).await?;
    let found = store::hold_passkey(&mut op, technician.id, proved.cred_id()).await?;
    let Some((id, mut known)) = found else {
        return Ok(None);
    };
    let changed = known.update_credential(proved);
    // Two at once with challenges of their own: an authenticator counts on between them, its copy does not.
    if proved.counter() > 0 && changed != Some(true) {
        note(&WebauthnError::CredentialPossibleCompromise.into());
        return Ok(None);
    }
    store::note_passkey_use(&mut op, technician.id, id, &known).await?;
    Ok(Some(op))
}

/// For who reads the log; the person is told that it was not right.
fn note(error: &PasskeyError) {
    if matches!(
        error,
        PasskeyError::Refused(WebauthnError::CredentialPossibleCompromise)
    ) {
        tracing::warn!("a passkey's counter went back: it may have been copied");
    } else {
        tracing::info!(%error, "a passkey was refused");
    }
}

fn entry(technician: &Technician, kind: FactorKind, what_for: &'static str) -> Entry {
    Entry::new("technician.factor_proved")
        .object("technician", technician.id)
        .detail("factor", kind.as_str())
        .detail("for", what_for)
}

async fn deny(
    by: &Prover<'_>,
    technician: &Technician,
    kind: FactorKind,
    what_for: &'static str,
    reason: &'static str,
) -> Result<(), sqlx::Error> {
    let mut op = by.begin(technician).await?;
    entry(technician, kind, what_for)
        .outcome(Outcome::Denied)
        .detail("reason", reason)
        .write(&mut op)
        .await?;
    op.commit().await
}
