//! SQL of single sign-on: identities of technicians, browsers that are away, totals.

use secrecy::ExposeSecret;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::trip::{self, LIFETIME, Trip};
use super::{BrowserSecret, Identity, Purpose, SignOn, Total};
use crate::domain::audit::Outcome;
use crate::domain::op::Op;
use crate::oidc::Departure;
use crate::storage::TechnicianId;

pub(super) async fn of_technician(
    op: &mut Op,
    id: TechnicianId,
) -> Result<Option<SignOn>, sqlx::Error> {
    let row = sqlx::query!(
        "select issuer, subject, linked_at, last_used_at from technician_sign_ons where technician_id = $1",
        id.as_uuid(),
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(|row| SignOn {
        identity: Identity {
            issuer: row.issuer,
            subject: row.subject,
        },
        linked_at: row.linked_at,
        last_used_at: row.last_used_at,
    }))
}

/// Whose identity this is.
pub(super) async fn technician_of(
    op: &mut Op,
    identity: &Identity,
) -> Result<Option<TechnicianId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select technician_id as "id: TechnicianId" from technician_sign_ons where issuer = $1 and subject = $2"#,
        identity.issuer,
        identity.subject,
    )
    .fetch_optional(op.db())
    .await
}

/// Whether this technician can come in by the provider.
pub(super) async fn is_linked(pool: &PgPool, id: TechnicianId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from technician_sign_ons where technician_id = $1) as "linked!""#,
        id.as_uuid(),
    )
    .fetch_one(pool)
    .await
}

pub(super) async fn insert(
    op: &mut Op,
    id: TechnicianId,
    identity: &Identity,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "insert into technician_sign_ons (technician_id, issuer, subject, linked_at) values ($1, $2, $3, $4)",
        id.as_uuid(),
        identity.issuer,
        identity.subject,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn note_use(op: &mut Op, id: TechnicianId) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update technician_sign_ons set last_used_at = $2 where technician_id = $1",
        id.as_uuid(),
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn delete(op: &mut Op, id: TechnicianId) -> Result<Option<Identity>, sqlx::Error> {
    sqlx::query_as!(
        Identity,
        "delete from technician_sign_ons where technician_id = $1 returning issuer, subject",
        id.as_uuid(),
    )
    .fetch_optional(op.db())
    .await
}

pub(super) async fn insert_trip(
    op: &mut Op,
    browser: &BrowserSecret,
    departure: &Departure,
    (purpose, next): (&Purpose, &str),
) -> Result<(), sqlx::Error> {
    let now = op.now();
    let (link, technician) = match purpose {
        Purpose::SignIn => (None, None),
        Purpose::Invited(token) => (Some(token.hash()), None),
        Purpose::Link(technician) | Purpose::Prove(technician) => {
            (None, Some(technician.as_uuid()))
        }
    };
    let again = matches!(purpose, Purpose::Prove(_));
    sqlx::query!(
        "insert into sign_on_trips (state_hash, browser_hash, nonce, verifier, next, link_hash, technician_id, begun_at, expires_at, again)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        trip::state_hash(departure),
        browser.hash(),
        departure.nonce,
        departure.verifier.expose_secret(),
        next,
        link,
        technician,
        now,
        now + LIFETIME,
        again,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// End all but the newest `keep` trips of this browser.
pub(super) async fn end_oldest_trips(
    op: &mut Op,
    browser_hash: &[u8],
    keep: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from sign_on_trips where state_hash in (
           select state_hash from sign_on_trips where browser_hash = $1 order by begun_at desc offset $2)",
        browser_hash,
        keep,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn take_trip(
    op: &mut Op,
    state_hash: &[u8],
    browser_hash: &[u8],
) -> Result<Option<Trip>, sqlx::Error> {
    let now = op.now();
    let row = sqlx::query!(
        r#"delete from sign_on_trips where state_hash = $1 and browser_hash = $2 and expires_at > $3
           returning nonce, verifier, next, link_hash, technician_id as "technician_id: TechnicianId", again, begun_at"#,
        state_hash,
        browser_hash,
        now,
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(|row| Trip {
        nonce: row.nonce,
        verifier: row.verifier.into(),
        next: row.next,
        link_hash: row.link_hash,
        technician: row.technician_id,
        again: row.again,
        begun_at: row.begun_at,
    }))
}

pub(super) async fn delete_trips(pool: &PgPool, until: OffsetDateTime) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!("delete from sign_on_trips where expires_at <= $1", until)
        .execute(pool)
        .await?;
    Ok(done.rows_affected())
}

pub(super) async fn count(op: &mut Op, way: &str, outcome: Outcome) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into sign_on_totals (way, result, total) values ($1, $2, 1)
         on conflict (way, result) do update set total = sign_on_totals.total + 1",
        way,
        outcome.as_str(),
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn totals(op: &mut Op) -> Result<Vec<Total>, sqlx::Error> {
    sqlx::query_as!(
        Total,
        "select way, result, total from sign_on_totals order by way, result"
    )
    .fetch_all(op.db())
    .await
}
