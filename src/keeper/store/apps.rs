//! `app_registrations` and `app_credentials`: our applications at Microsoft, the MSP's own and those of customers.

use sqlx::{PgConnection, PgExecutor, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::audit;
use crate::keeper::message::Actor;
use crate::keeper::seal::Place;

/// A registration.
#[derive(Clone)]
pub struct Registration {
    pub id: Uuid,
    /// The customer whose own it is; empty for the MSP's.
    pub tenant_id: Option<Uuid>,
    pub cloud: String,
    pub client_id: Uuid,
    pub display_name: String,
    /// The Entra tenant in which it was made.
    pub entra_tenant_id: Option<Uuid>,
    /// `active` or `retired`.
    pub state: String,
}

/// A stored credential.
pub struct StoredCredential {
    pub id: Uuid,
    /// The secret, or the private key of the certificate.
    pub ct: Vec<u8>,
    pub certificate: Option<Vec<u8>>,
    pub fingerprint: Vec<u8>,
    pub not_after: Option<OffsetDateTime>,
    /// `candidate`, `active`, `refused` or `retired`.
    pub state: String,
    pub state_since: Option<OffsetDateTime>,
    pub worked_at: Option<OffsetDateTime>,
    pub trials: i32,
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
    pub state: &'static str,
    pub created_by: String,
}

/// Why Microsoft refused a credential.
pub struct Refusal<'a> {
    pub why: &'static str,
    pub code: Option<u32>,
    /// Microsoft's words, without secrets.
    pub text: &'a str,
}

impl Refusal<'_> {
    fn code(&self) -> Option<i32> {
        self.code.and_then(|code| i32::try_from(code).ok())
    }
}

/// What a credential is bound to: a customer's dies with the customer's data keys.
pub fn place(tenant_id: Option<Uuid>, row_id: &str) -> Place<'_> {
    Place {
        table: "app_credentials",
        column: "ct",
        tenant_id: tenant_id.unwrap_or_default(),
        row_id,
        row_version: 0,
    }
}

/// The MSP's own registration of a cloud, for what is new.
pub async fn find_msp(db: impl PgExecutor<'_>, cloud: &str) -> sqlx::Result<Option<Registration>> {
    sqlx::query_as!(
        Registration,
        "select id, tenant_id, cloud, client_id, display_name, entra_tenant_id, state from app_registrations
         where cloud = $1 and tenant_id is null and state = 'active'",
        cloud
    )
    .fetch_optional(db)
    .await
}

/// One registration, retired or not.
pub async fn find(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Option<Registration>> {
    sqlx::query_as!(
        Registration,
        "select id, tenant_id, cloud, client_id, display_name, entra_tenant_id, state from app_registrations
         where id = $1",
        id
    )
    .fetch_optional(db)
    .await
}

/// Store a new registration; false when its owner has an active one, or one of this client id.
pub async fn insert_registration(
    tx: &mut PgConnection,
    new: &Registration,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into app_registrations (id, tenant_id, cloud, client_id, display_name, entra_tenant_id, state, created_at,
           updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict do nothing",
        new.id,
        new.tenant_id,
        new.cloud,
        new.client_id,
        new.display_name,
        new.entra_tenant_id,
        new.state,
        now
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A registration's credentials, the newest first.
pub async fn credentials(
    db: impl PgExecutor<'_>,
    registration: Uuid,
) -> sqlx::Result<Vec<StoredCredential>> {
    sqlx::query_as!(
        StoredCredential,
        "select id, ct, certificate, fingerprint, not_after, state, state_since, worked_at, trials from app_credentials
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
        "insert into app_credentials (id, app_registration_id, kind, ct, certificate, hint, fingerprint, not_after, state,
           state_since, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10)",
        new.id,
        registration,
        new.kind,
        new.ct,
        new.certificate,
        new.hint,
        new.fingerprint,
        new.not_after,
        new.state,
        now,
        new.created_by
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The usable credentials that `created_by` stored are kept as retired.
pub async fn retire_all_of(
    tx: &mut PgConnection,
    registration: Uuid,
    created_by: &str,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update app_credentials set state = 'retired', state_since = $3, next_trial_at = null
         where app_registration_id = $1 and created_by = $2 and state <> 'retired'",
        registration,
        created_by,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Note a refusal, and set the credential aside when `may` and another active one is left. True when it was set aside.
pub async fn set_aside(
    pool: &PgPool,
    registration: &Registration,
    id: Uuid,
    refusal: &Refusal<'_>,
    may: bool,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let mut tx = pool.begin().await?;
    lock(&mut tx, registration.id).await?;
    let set_aside = sqlx::query_scalar!(
        r#"update app_credentials c set refused_at = $3, refused_code = $4, refused_why = $5, refused_text = $6,
             state = case when o.is_left and $7 then 'refused' else state end,
             state_since = case when o.is_left and $7 then $3 else state_since end
           from (select exists (select from app_credentials
                                where app_registration_id = $1 and id <> $2 and state = 'active') as is_left) o
           where c.app_registration_id = $1 and c.id = $2 and c.state = 'active'
           returning o.is_left as "is_left!""#,
        registration.id,
        id,
        now,
        refusal.code(),
        refusal.why,
        refusal.text,
        may
    )
    .fetch_optional(&mut *tx)
    .await?
    .is_some_and(|is_left| is_left && may);
    if set_aside {
        let entry = audit::Entry {
            tenant_id: registration.tenant_id.map(Into::into),
            actor: &Actor::keeper(),
            action: "app_credential.refused",
            object_type: "app_credential",
            object_id: id.to_string(),
            result: "done",
            details: serde_json::json!({ "why": refusal.why, "code": refusal.code }),
        };
        audit::insert(&mut *tx, entry, now).await?;
    }
    tx.commit().await?;
    Ok(set_aside)
}

/// One change of a registration's credentials at a time. Connections that are being stored meanwhile do not wait.
pub async fn lock(tx: &mut PgConnection, registration: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "select id from app_registrations where id = $1 for no key update",
        registration
    )
    .fetch_optional(tx)
    .await?;
    Ok(())
}

/// Microsoft accepted the credential.
pub async fn note_use(
    db: impl PgExecutor<'_>,
    registration: Uuid,
    id: Uuid,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update app_credentials set worked_at = $3
         where app_registration_id = $1 and id = $2 and (worked_at is null or worked_at < $3)",
        registration,
        id,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
