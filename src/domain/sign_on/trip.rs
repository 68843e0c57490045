//! Browsers that are away at the provider: each by its state, ten minutes long, several in flight, and each comes back once.

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};
use url::Url;

use super::{Sso, store};
use crate::clock::{Clock, random_bytes};
use crate::domain::op::{Actor, Op};
use crate::domain::technician::LinkToken;
use crate::oidc::{Departure, Leaving, ProviderError};
use crate::storage::TechnicianId;

/// How long a browser may be away.
pub const LIFETIME: Duration = Duration::minutes(10);
/// Trips of one browser at a time; the oldest ends for a sixth.
const IN_FLIGHT: i64 = 5;

/// What ties a trip to the browser: 256 random bits in its login session.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BrowserSecret(String);

impl BrowserSecret {
    #[expect(
        clippy::new_without_default,
        reason = "a default secret would suggest one that is always the same"
    )]
    pub fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random_bytes::<32>()))
    }

    pub(super) fn hash(&self) -> Vec<u8> {
        sha256(&self.0)
    }
}

impl fmt::Debug for BrowserSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrowserSecret")
    }
}

/// What the sign-on is for.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// To come in.
    SignIn,
    /// To come in for the first time, by a one-time link instead of a password.
    Invited(LinkToken),
    /// To tie one's own login to the provider while signed in.
    Link(TechnicianId),
    /// To prove again who one is while signed in, before a dangerous act.
    Prove(TechnicianId),
}

/// What was kept of a browser that is back.
pub(super) struct Trip {
    pub nonce: String,
    pub verifier: SecretString,
    pub next: String,
    pub link_hash: Option<Vec<u8>>,
    pub technician: Option<TechnicianId>,
    /// It was about proving again, and not about tying an account.
    pub again: bool,
    pub begun_at: OffsetDateTime,
}

/// Why nobody leaves.
#[derive(Debug, thiserror::Error)]
pub enum LeaveError {
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Prepare a trip: the address to send the browser to. The provider is asked before anything is written.
pub async fn leave(
    pool: &PgPool,
    clock: &Clock,
    sso: &Sso,
    actor: Actor,
    browser: &BrowserSecret,
    (purpose, next): (&Purpose, &str),
) -> Result<Url, LeaveError> {
    let Leaving { address, departure } = sso
        .provider
        .leave(matches!(purpose, Purpose::Prove(_)))
        .await?;
    let mut op = Op::begin(pool, clock, actor).await?;
    store::end_oldest_trips(&mut op, &browser.hash(), IN_FLIGHT - 1).await?;
    store::insert_trip(&mut op, browser, &departure, (purpose, next)).await?;
    op.commit().await?;
    Ok(address)
}

/// Take the trip back: one statement, so that of two answers only one finds it.
pub(super) async fn take(
    op: &mut Op,
    browser: Option<&BrowserSecret>,
    state: &str,
) -> Result<Option<Trip>, sqlx::Error> {
    match browser {
        Some(browser) => store::take_trip(op, &sha256(state), &browser.hash()).await,
        None => Ok(None),
    }
}

/// Forget browsers that did not come back; returns how many. Run by a worker.
pub async fn sweep(pool: &PgPool, now: OffsetDateTime) -> Result<u64, sqlx::Error> {
    store::delete_trips(pool, now).await
}

pub(super) fn state_hash(departure: &Departure) -> Vec<u8> {
    sha256(departure.state.expose_secret())
}

fn sha256(text: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, text.as_bytes())
        .as_ref()
        .to_vec()
}
