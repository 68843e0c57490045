//! A browser is back from the provider. Its trip is used up in one transaction, the provider is asked in none, and what came of
//! it is decided and written down in another.

use secrecy::SecretString;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::admit::admit;
use super::trip::{self, Trip};
use super::{BrowserSecret, Evidence, Refused, Sso, totals};
use crate::clock::Clock;
use crate::domain::audit::{Entry, Outcome};
use crate::domain::op::{Actor, Op};
use crate::domain::technician::{self, Technician};
use crate::oidc::{Person, ProviderError, Return};
use crate::storage::TechnicianId;

/// What the browser brought back, all of it unproven, and what is known about the browser.
#[derive(Debug)]
pub struct Returned<'a> {
    /// Of its login session; none in a browser that did not leave from here.
    pub browser: Option<BrowserSecret>,
    /// Who is signed in in it.
    pub signed_in: Option<TechnicianId>,
    pub state: &'a str,
    pub code: SecretString,
    pub issuer: Option<&'a str>,
    /// The provider's `error`; empty when there is none.
    pub error: &'a str,
    pub ip: &'a str,
    pub request_id: &'a str,
}

/// Somebody whom the provider vouched for.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub technician: Technician,
    pub next: String,
    pub came: Came,
}

/// What it was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// They come in; `proved_at` is when they proved it there, where the provider says so.
    In {
        evidence: Evidence,
        proved_at: Option<OffsetDateTime>,
    },
    /// They were signed in and tied their own login to the provider.
    Tied,
    /// They were signed in and proved again who they are.
    Again { proved_at: OffsetDateTime },
}

/// A refusal is an answer and no error: it is written down, and the transaction that says so is committed.
pub(super) type Outcomes<T> = Result<Result<T, Refused>, sqlx::Error>;

/// Say who it is and let them in, or why not.
pub async fn arrive(
    pool: &PgPool,
    clock: &Clock,
    sso: &Sso,
    back: Returned<'_>,
) -> Outcomes<Arrived> {
    let trip = match take(pool, clock, &back).await? {
        Ok(trip) => trip,
        Err(refused) => return deny(pool, clock, &back, refused).await,
    };
    let person = match ask(sso, &back, &trip).await {
        Ok(person) => person,
        Err(refused) => return deny(pool, clock, &back, refused).await,
    };
    let mut op = begin(pool, clock, &back).await?;
    match admit(&mut op, &sso.rules, &person, &trip, &back).await? {
        Ok((technician, came)) => {
            technician::take_back(&mut op, back.ip).await?;
            totals::count(&mut op, Outcome::Done).await?;
            op.commit().await?;
            Ok(Ok(Arrived {
                technician,
                next: trip.next,
                came,
            }))
        }
        // Nothing of what was begun for them stays.
        Err(refused) => {
            op.roll_back().await?;
            deny(pool, clock, &back, refused).await
        }
    }
}

/// Count the attempt and use the trip up.
async fn take(pool: &PgPool, clock: &Clock, back: &Returned<'_>) -> Outcomes<Trip> {
    let mut op = begin(pool, clock, back).await?;
    if let Some(wait) = technician::slow_down(&mut op, back.ip).await? {
        op.roll_back().await?;
        return Ok(Err(Refused::TooSoon { wait }));
    }
    let trip = trip::take(&mut op, back.browser.as_ref(), back.state).await?;
    op.commit().await?;
    Ok(trip.ok_or(Refused::UnknownTrip))
}

/// The provider's word.
async fn ask(sso: &Sso, back: &Returned<'_>, trip: &Trip) -> Result<Person, Refused> {
    if !sso.provider.is_from_us(back.issuer).await? {
        return Err(Refused::MixedUp);
    }
    match back.error {
        "" => {}
        // The provider's own trouble (RFC 6749 section 4.1.2.1).
        "server_error" | "temporarily_unavailable" => {
            return Err(ProviderError::Down.into());
        }
        _ => return Err(Refused::Declined),
    }
    let back = Return {
        code: &back.code,
        verifier: &trip.verifier,
        nonce: &trip.nonce,
        begun_at: trip.begun_at,
    };
    Ok(sso.provider.redeem(back).await?)
}

/// Write down why nobody came in.
async fn deny(
    pool: &PgPool,
    clock: &Clock,
    back: &Returned<'_>,
    refused: Refused,
) -> Outcomes<Arrived> {
    let mut op = begin(pool, clock, back).await?;
    if !refused.counts() {
        technician::take_back(&mut op, back.ip).await?;
    }
    Entry::new("technician.signed_in")
        .outcome(refused.outcome())
        .detail("by", "sso")
        .detail("reason", refused.reason())
        .write(&mut op)
        .await?;
    totals::count(&mut op, refused.outcome()).await?;
    op.commit().await?;
    Ok(Err(refused))
}

async fn begin(pool: &PgPool, clock: &Clock, back: &Returned<'_>) -> Result<Op, sqlx::Error> {
    let ip = back.ip.to_owned();
    Ok(Op::begin(pool, clock, Actor::Visitor { ip })
        .await?
        .for_request(back.request_id))
}
