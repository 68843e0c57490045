//! Signing in: first e-mail and password. Whatever is wrong (name, password, disabled, no password yet) is one and the same
//! refusal, after the same work. Then the second factor ([`super::factor`]), and only then a login begins.

use std::net::IpAddr;

use aws_lc_rs::digest;
use secrecy::SecretString;
use sqlx::PgPool;
use time::Duration;

use super::brake::{self, Admission, Subject};
use super::factor::FactorKind;
use super::hashing::{self, Busy};
use super::{LoginName, Role, Technician, store};
use crate::clock::Clock;
use crate::domain::audit::{Entry, Outcome};
use crate::domain::op::{Actor, Op};
use crate::domain::sign_on;

/// Logins of one technician at the same time; the oldest ends for a sixth.
const SESSIONS: i64 = 5;
/// Where somebody has not signed in for so long is new again.
const DEVICE_KNOWN: Duration = Duration::days(180);

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

/// From where somebody signs in.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// Browser and system in short words.
    pub words: &'a str,
    pub ip: &'a str,
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

/// Prove the password. The attempt is counted in a transaction of its own before the password is looked at, and no
/// transaction is open meanwhile.
pub async fn sign_in(
    pool: &PgPool,
    clock: &Clock,
    attempt: Attempt<'_>,
) -> Result<Technician, SignInError> {
    let subjects = [
        Subject::account(attempt.email),
        Subject::address(attempt.ip),
        Subject::everybody(clock.now()),
    ];
    let mut op = begin(pool, clock, &attempt, None).await?;
    let found = match LoginName::parse(attempt.email) {
        Ok(name) => store::find_by_login_name(&mut op, &name).await?,
        Err(_) => None,
    };
    let (technician, hash) = match found {
        Some((technician, hash)) => (Some(technician).filter(Technician::is_active), hash),
        None => (None, None),
    };
    let pause = match brake::admit(&mut op, &subjects).await? {
        Admission::Wait(wait) => {
            drop(op);
            let op = begin(pool, clock, &attempt, technician.as_ref()).await?;
            deny(op, "too many failures").await?;
            return Err(SignInError::TooSoon { wait });
        }
        Admission::Go(pause) => pause,
    };
    op.commit().await?;
    pause.wait().await;

    let hash = hash.filter(|_| technician.is_some());
    let proved = hashing::verify(attempt.password.clone(), hash).await;

    let mut op = begin(pool, clock, &attempt, technician.as_ref()).await?;
    match (proved, technician) {
        (Err(busy), _) => {
            brake::take_back(&mut op, &subjects).await?;
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
            brake::take_back(&mut op, &subjects).await?;
            store::end_oldest_sessions(&mut op, technician.id, SESSIONS).await?;
            Entry::new("technician.password_proved")
                .object("technician", technician.id)
                .write(&mut op)
                .await?;
            op.commit().await?;
            Ok(technician)
        }
        _ => {
            deny(op, "wrong e-mail or password").await?;
            Err(SignInError::Refused)
        }
    }
}

/// Both factors were proved and nothing is missing: a login begins. Whether it is from where this technician has not been
/// seen before; the very first login is from nowhere new.
pub async fn complete(
    op: &mut Op,
    technician: &Technician,
    factor: FactorKind,
    device: Device<'_>,
) -> Result<bool, sqlx::Error> {
    store::note_login(op, technician.id).await?;
    store::end_oldest_sessions(op, technician.id, SESSIONS - 1).await?;
    let forget_before = op.now() - DEVICE_KNOWN;
    let noted = store::note_device(op, technician.id, &device.fingerprint(), forget_before).await?;
    Entry::new("technician.signed_in")
        .object("technician", technician.id)
        .detail("factor", factor.as_str())
        .detail("browser", device.words)
        .write(op)
        .await?;
    Ok(noted == (true, true))
}

impl Device<'_> {
    /// The same for one browser within one network: addresses change from day to day.
    fn fingerprint(&self) -> Vec<u8> {
        let network = match self.ip.parse().map(|ip: IpAddr| ip.to_canonical()) {
            Ok(IpAddr::V4(ip)) => (u128::from(ip.to_bits()) >> 8).to_string(),
            Ok(IpAddr::V6(ip)) => (ip.to_bits() >> 80).to_string(),
            Err(_) => "unknown".to_owned(),
        };
        let text = format!("{}\n{network}", self.words);
        digest::digest(&digest::SHA256, text.as_bytes())
            .as_ref()
            .to_vec()
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

/// What was typed is not written down: people type passwords into the wrong field.
async fn deny(mut op: Op, reason: &'static str) -> Result<(), sqlx::Error> {
    Entry::new("technician.signed_in")
        .outcome(Outcome::Denied)
        .detail("reason", reason)
        .write(&mut op)
        .await?;
    op.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(words: &str, ip: &str) -> Vec<u8> {
        Device { words, ip }.fingerprint()
    }

    #[test]
    fn a_device_is_a_browser_in_a_network() {
        let known = seen("Firefox on Windows", "192.0.2.7");
        assert_eq!(known, seen("Firefox on Windows", "192.0.2.200"));
        assert_ne!(known, seen("Firefox on Windows", "198.51.100.7"));
        assert_ne!(known, seen("Chrome on Windows", "192.0.2.7"));
        assert_eq!(seen("", "2001:db8:1:2::3"), seen("", "2001:db8:1:9::1"));
    }
}
