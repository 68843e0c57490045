//! Argon2id, within what the machine can bear: as many hashes at once as there are processors, fifty in the queue, and
//! whoever comes then is told to come back. Nothing here knows whose password it is.

use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;

use argon2::password_hash::Error;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::password::Password;
use crate::clock;

/// 64 MiB, 3 passes, 1 lane (`reference` security section 2).
const PARAMS: Params = match Params::new(64 * 1024, 3, 1, None) {
    Ok(params) => params,
    Err(_) => unreachable!(),
};
const QUEUE: usize = 50;

static LIMITS: LazyLock<Limits> = LazyLock::new(|| {
    let processors = available_parallelism().map_or(2, usize::from);
    Limits::new(processors, QUEUE)
});

/// What a password is remembered by: PHC text with salt and parameters (`$argon2id$v=19$m=65536,t=3,p=1$…`).
#[derive(Clone, Debug)]
pub struct PasswordHash(SecretString);

/// Too many passwords are being looked at; nothing was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked at once")]
pub struct Busy;

impl PasswordHash {
    /// Take a stored hash.
    pub(in crate::domain) fn stored(phc: String) -> Self {
        Self(phc.into())
    }

    pub(in crate::domain) fn as_phc(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Hash a new password with a fresh salt.
pub async fn hash(password: Password) -> Result<PasswordHash, Busy> {
    hash_text(password.expose().to_owned().into()).await
}

/// Hash any other secret that is short enough to be guessed, as a password is.
pub(in crate::domain) async fn hash_text(secret: SecretString) -> Result<PasswordHash, Busy> {
    LIMITS
        .run(move || {
            let salt = clock::random_bytes::<16>();
            // Nothing but a want of 64 MiB can fail here.
            argon2()
                .hash_password_with_salt(secret.expose_secret().as_bytes(), &salt)
                .map(|phc| PasswordHash(phc.to_string().into()))
                .map_err(|_| Busy)
        })
        .await?
}

/// Whether this is the password. Without a hash (unknown or not yet set) the answer is no, and takes as long.
pub(super) async fn verify(typed: SecretString, hash: Option<PasswordHash>) -> Result<bool, Busy> {
    LIMITS
        .run(move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| PasswordHash(nobodys_hash().into()));
            match argon2().verify_password(typed.expose_secret().as_bytes(), hash.as_phc()) {
                Ok(()) => Ok(known),
                Err(Error::PasswordInvalid) => Ok(false),
                Err(error) => {
                    tracing::error!(%error, "a password could not be checked");
                    Err(Busy)
                }
            }
        })
        .await?
}

/// Whether this is the secret of [`hash_text`].
pub(in crate::domain) async fn verify_text(
    typed: SecretString,
    hash: PasswordHash,
) -> Result<bool, Busy> {
    verify(typed, Some(hash)).await
}

/// A hash of our parameters that belongs to nobody.
fn nobodys_hash() -> String {
    const SALT_AND_OUTPUT: &str =
        "c29tZW9uZSBlbHNlJ3Mgc2E$Tm90IGFueWJvZHkncyBwYXNzd29yZCBhdCBhbGwhISE";
    format!("$argon2id$v=19$m=65536,t=3,p=1${SALT_AND_OUTPUT}")
}

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, PARAMS)
}

/// So many at once, so many waiting.
struct Limits {
    inside: Arc<Semaphore>,
    working: Arc<Semaphore>,
}

impl Limits {
    fn new(at_once: usize, queue: usize) -> Self {
        Self {
            inside: Arc::new(Semaphore::new(at_once + queue)),
            working: Arc::new(Semaphore::new(at_once)),
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let place = Arc::clone(&self.inside)
            .try_acquire_owned()
            .map_err(|_| Busy)?;
        let turn = Arc::clone(&self.working)
            .acquire_owned()
            .await
            .map_err(|_| Busy)?;
        // The permits travel with the work: a visitor who goes away does not free a processor that still hashes.
        let done = tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            work()
        });
        done.await.map_err(|_| Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::technician::Breached;

    fn password(text: &str) -> Password {
        Password::parse(text.to_owned().into(), &[], &Breached::bundled()).unwrap()
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_and_its_parameters() {
        let hash = hash(password("correct horse battery")).await.unwrap();
        assert!(
            hash.as_phc().starts_with("$argon2id$v=19$m=65536,t=3,p=1$"),
            "{}",
            hash.as_phc()
        );
        let right = verify(
            "correct horse battery".to_owned().into(),
            Some(hash.clone()),
        );
        assert_eq!(right.await, Ok(true));
        let wrong = verify("correct horse batterY".to_owned().into(), Some(hash));
        assert_eq!(wrong.await, Ok(false));
    }

    #[test]
    fn nobodys_hash_costs_as_much_as_anybodys() {
        let hash = argon2::PasswordHash::new(&nobodys_hash()).unwrap();
        let params = Params::try_from(&hash).unwrap();
        assert_eq!(
            (params.m_cost(), params.t_cost(), params.p_cost()),
            (PARAMS.m_cost(), PARAMS.t_cost(), PARAMS.p_cost())
        );
        assert_eq!(params.output_len(), Some(Params::DEFAULT_OUTPUT_LEN));
    }

    #[tokio::test]
    async fn whoever_finds_the_queue_full_is_sent_away() {
        let limits = Limits::new(1, 1);
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let first = limits.run(move || wait.recv().is_ok());
        let second = limits.run(|| true);
        let third = async {
            assert_eq!(limits.run(|| true).await, Err(Busy));
            release.send(()).unwrap();
        };
        let (first, second, ()) = tokio::join!(first, second, third);
        assert_eq!((first, second), (Ok(true), Ok(true)));
    }
}
