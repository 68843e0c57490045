//! Signing in with e-mail and password. Whatever is wrong (name, password, disabled, no password yet) is one and the same
//! refusal, after the same work.

use secrecy::SecretString;
use sqlx::PgPool;
use time::Duration;

use super::brake::{self, Subject};
use super::hashing::{self, Busy};
use super::{LoginName, Role, Technician, store};
use crate::clock::Clock;
use crate::domain::audit::{Entry, Outcome};
use crate::domain::op::{Actor, Op};
use crate::domain::sign_on;

/// Logins of one technician at the same time; the oldest ends for a sixth.
const SESSIONS: i64 = 5;

/// What was typed, and where.
#[derive(Debug)]
pub struct Attempt<'a> {
    pub email: &'a str,
    pub password: SecretString,
    /// Address of the browser.
    pub ip: &'a str,
    pub request_id: &'a str,
    /// Single sign-on is the rule: passwords are for owners in an emergency.
    pub emergencies_only: bool,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("e-mail or password is wrong")]
    Refused,
    /// Too many failures; the password was not looked at.
    #[error("too many failures, the next attempt is in {wait}")]
    TooSoon { wait: Duration },
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Prove who it is. The attempt is counted in a transaction of its own before the password is looked at, and no
/// transaction is open meanwhile.
pub async fn sign_in(
    pool: &PgPool,
    clock: &Clock,
    attempt: Attempt<'_>,
) -> Result<Technician, SignInError> {
    let (account, address) = (
        Subject::account(attempt.email),
        Subject::address(attempt.ip),
    );
    let mut op = begin(pool, clock, &attempt, None).await?;
    let found = match LoginName::parse(attempt.email) {
        Ok(name) => store::find_by_login_name(&mut op, &name).await?,
        Err(_) => None,
    };
    let (technician, hash) = match found {
        Some((technician, hash)) => (Some(technician).filter(Technician::is_active), hash),
        None => (None, None),
    };
    if let Some(wait) = brake::admit(&mut op, &[account.clone(), address.clone()]).await? {
        drop(op);
        deny(
            begin(pool, clock, &attempt, technician.as_ref()).await?,
            "too many failures",
        )
        .await?;
        return Err(SignInError::TooSoon { wait });
    }
    op.commit().await?;

    let hash = hash.filter(|_| technician.is_some());
    let proved = hashing::verify(attempt.password.clone(), hash).await;

    let mut op = begin(pool, clock, &attempt, technician.as_ref()).await?;
    match (proved, technician) {
        (Err(busy), _) => {
            brake::forgive(&mut op, &account, &address, false).await?;
            op.commit().await?;
            Err(busy.into())
        }
        // The same words as for a wrong password: whether it was right is nobody's business here.
        (Ok(true), Some(technician))
            if attempt.emergencies_only && technician.role != Role::Owner =>
        {
            deny(op, "password where single sign-on is the rule").await?;
            Err(SignInError::Refused)
        }
        (Ok(true), Some(technician)) => {
            if attempt.emergencies_only {
                sign_on::emergency(&mut op, &technician).await?;
            }
            brake::forgive(&mut op, &account, &address, true).await?;
            let_in(&mut op, &technician, "password").await?;
            op.commit().await?;
            Ok(technician)
        }
        _ => {
            deny(op, "wrong e-mail or password").await?;
            Err(SignInError::Refused)
        }
    }
}

async fn begin(
    pool: &PgPool,
    clock: &Clock,
    attempt: &Attempt<'_>,
    as_whom: Option<&Technician>,
) -> Result<Op, sqlx::Error> {
    let ip = attempt.ip.to_owned();
    let actor = match as_whom {
        Some(technician) => technician.acting_from(ip),
        None => Actor::Visitor { ip },
    };
    Ok(Op::begin(pool, clock, actor)
        .await?
        .for_request(attempt.request_id))
}

/// What every way in does at its end: note the login, end the oldest of too many, write it down.
pub(in crate::domain) async fn let_in(
    op: &mut Op,
    technician: &Technician,
    by: &'static str,
) -> Result<(), sqlx::Error> {
    store::note_login(op, technician.id).await?;
    store::end_oldest_sessions(op, technician.id, SESSIONS - 1).await?;
    Entry::new("technician.signed_in")
        .object("technician", technician.id)
        .detail("by", by)
        .write(op)
        .await
}

/// What was typed is not written down: people type passwords into the wrong field.
async fn deny(mut op: Op, reason: &'static str) -> Result<(), sqlx::Error> {
    Entry::new("technician.signed_in")
        .outcome(Outcome::Denied)
        .detail("reason", reason)
        .write(&mut op)
        .await?;
    op.commit().await
}
