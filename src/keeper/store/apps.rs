//! `app_registrations` and `app_credentials`: the MSP's own registration at Microsoft.

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::keeper::seal::Place;

/// The registration in use.
pub struct Registration {
    pub id: Uuid,
    pub client_id: Uuid,
    pub display_name: String,
}

/// A stored credential.
pub struct StoredCredential {
    pub id: Uuid,
    /// The secret, or the private key of the certificate.
    pub ct: Vec<u8>,
    pub certificate: Option<Vec<u8>>,
    pub fingerprint: Vec<u8>,
    pub not_after: Option<OffsetDateTime>,
    pub state: String,
}

/// A credential on its way into the table.
pub struct NewCredential {
    pub id: Uuid,
    pub kind: &'static str,
    pub ct: Vec<u8>,
    pub certificate: Option<Vec<u8>>,
    pub hint: String,
    pub fingerprint: Vec<u8>,
    pub not_after: Option<OffsetDateTime>,
}

/// What a credential is bound to.
pub fn place(row_id: &str) -> Place<'_> {
    Place {
        table: "app_credentials",
        column: "ct",
        tenant_id: Uuid::nil(),
        row_id,
        row_version: 0,
    }
}

pub async fn find(db: impl PgExecutor<'_>) -> sqlx::Result<Option<Registration>> {
    sqlx::query_as!(
        Registration,
        "select id, client_id, display_name from app_registrations where cloud = 'global'"
    )
    .fetch_optional(db)
    .await
}

/// Store the registration, or what changed of it.
pub async fn upsert(
    tx: &mut PgConnection,
    new: &Registration,
    now: OffsetDateTime,
) -> sqlx::Result<Registration> {
    sqlx::query_as!(
        Registration,
        "insert into app_registrations (id, cloud, client_id, display_name, created_at, updated_at)
         values ($1, 'global', $2, $3, $4, $4)
         on conflict (cloud) do update set client_id = $2, display_name = $3, updated_at = $4
         returning id, client_id, display_name",
        new.id,
        new.client_id,
        new.display_name,
        now
    )
    .fetch_one(tx)
    .await
}

/// A registration's credentials, the newest first.
pub async fn credentials(
    db: impl PgExecutor<'_>,
    registration: Uuid,
) -> sqlx::Result<Vec<StoredCredential>> {
    sqlx::query_as!(
        StoredCredential,
        "select id, ct, certificate, fingerprint, not_after, state from app_credentials
         where app_registration_id = $1 order by created_at desc, id desc",
        registration
    )
    .fetch_all(db)
    .await
}

pub async fn insert_credential(
    tx: &mut PgConnection,
    registration: Uuid,
    new: &NewCredential,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into app_credentials (id, app_registration_id, kind, ct, certificate, hint, fingerprint, not_after, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new.id,
        registration,
        new.kind,
        new.ct,
        new.certificate,
        new.hint,
        new.fingerprint,
        new.not_after,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// This credential is used from now on, all others are kept as retired.
pub async fn use_only(
    tx: &mut PgConnection,
    registration: Uuid,
    credential: Uuid,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update app_credentials set state = case when id = $2 then 'active' else 'retired' end
         where app_registration_id = $1",
        registration,
        credential
    )
    .execute(tx)
    .await?;
    Ok(())
}
