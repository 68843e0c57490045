//! The records that a data key seals, and their resealing: each is replaced only while it is as it was read. For the sweep
//! of old data keys; everybody else knows the records by what they are.

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use super::keys::StoredKey;

/// Sealed refresh tokens of a connection.
pub struct Secret {
    pub connection_id: Uuid,
    pub version: i64,
    pub ct_current: Vec<u8>,
    pub ct_previous: Option<Vec<u8>>,
    pub previous_version: Option<i64>,
    pub fingerprint: Vec<u8>,
}

/// A sealed access token.
pub struct Token {
    pub connection_id: Uuid,
    pub resource: String,
    pub acquired_at: OffsetDateTime,
    pub ct: Vec<u8>,
}

/// A sealed value in a row that is known by its id.
pub struct Record {
    pub id: Uuid,
    pub ct: Vec<u8>,
}

/// The sealed seed of a technician's authenticator app.
pub struct Seed {
    pub id: Uuid,
    pub technician_id: Uuid,
    pub ct: Vec<u8>,
}

/// Data keys that only open, made before `made_before`, the oldest first; not those that a disconnection destroys.
pub async fn old_keys(
    db: impl PgExecutor<'_>,
    made_before: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<StoredKey>> {
    sqlx::query_as!(
        StoredKey,
        "select id, tenant_id, purpose, wrapped, kek_id, state, uses, created_at from data_keys
         where state = 'decrypt' and purpose <> 'canary' and created_at < $1 and ends_with is null order by created_at limit $2",
        made_before,
        limit
    )
    .fetch_all(db)
    .await
}

/// Is anything left that the key seals, or a fingerprint made with it?
pub async fn is_named(db: impl PgExecutor<'_>, key: &StoredKey) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select (exists (select from connection_secrets where tenant_id = $2
                    and (sealed_by(ct_current) = $1 or sealed_by(ct_previous) = $1 or fingerprint_by(fingerprint) = $1))
             or exists (select from tokens where tenant_id = $2 and sealed_by(ct) = $1)
             or exists (select from flow_secrets where tenant_id = $2 and sealed_by(ct) = $1)
             or exists (select from invitations where tenant_id = $2 and token_sealed <> '' and sealed_by(token_sealed) = $1)
             or exists (select from audit_keys where sealed_by(mac_ct) = $1 or sealed_by(signing_ct) = $1)
             or exists (select from technician_factors where seed_ct is not null and sealed_by(seed_ct) = $1)
             or exists (select from alert_channel_secrets where sealed_by(ct) = $1)
             or exists (select from app_credentials where sealed_by(ct) = $1 or fingerprint_by(fingerprint) = $1)) as "named!""#,
        key.id,
        key.tenant_id
    )
    .fetch_one(db)
    .await
}

/// Nothing opens by it any more, whatever backup the record comes from.
pub async fn destroy(tx: &mut PgConnection, id: Uuid) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update data_keys set state = 'destroyed', wrapped = '' where id = $1 and state = 'decrypt'",
        id
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn secrets(
    db: impl PgExecutor<'_>,
    tenant_id: Uuid,
    key: Uuid,
) -> sqlx::Result<Vec<Secret>> {
    sqlx::query_as!(
        Secret,
        "select connection_id, version, ct_current, ct_previous, previous_version, fingerprint from connection_secrets
         where tenant_id = $1
           and (sealed_by(ct_current) = $2 or sealed_by(ct_previous) = $2 or fingerprint_by(fingerprint) = $2)",
        tenant_id,
        key
    )
    .fetch_all(db)
    .await
}

/// `new` takes the place of `old`, unless a refresh was faster.
pub async fn replace_secret(
    db: impl PgExecutor<'_>,
    tenant_id: Uuid,
    old: &Secret,
    new: &Secret,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update connection_secrets set ct_current = $4, ct_previous = $5, fingerprint = $6
         where tenant_id = $1 and connection_id = $2 and version = $3 and ct_current = $7
           and ct_previous is not distinct from $8",
        tenant_id,
        old.connection_id,
        old.version,
        new.ct_current,
        new.ct_previous,
        new.fingerprint,
        old.ct_current,
        old.ct_previous
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn tokens(
    db: impl PgExecutor<'_>,
    tenant_id: Uuid,
    key: Uuid,
) -> sqlx::Result<Vec<Token>> {
    sqlx::query_as!(
        Token,
        r#"select connection_id, resource, acquired_at as "acquired_at!", ct as "ct!" from tokens
           where tenant_id = $1 and sealed_by(ct) = $2 and acquired_at is not null"#,
        tenant_id,
        key
    )
    .fetch_all(db)
    .await
}

pub async fn replace_token(
    db: impl PgExecutor<'_>,
    tenant_id: Uuid,
    old: &Token,
    ct: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "update tokens set ct = $5 where tenant_id = $1 and connection_id = $2 and resource = $3 and ct = $4",
        tenant_id,
        old.connection_id,
        old.resource,
        old.ct,
        ct
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn links(
    db: impl PgExecutor<'_>,
    tenant_id: Uuid,
    key: Uuid,
) -> sqlx::Result<Vec<Record>> {
    sqlx::query_as!(
        Record,
        "select id, token_sealed as ct from invitations
         where tenant_id = $1 and token_sealed <> '' and sealed_by(token_sealed) = $2",
        tenant_id,
        key
    )
    .fetch_all(db)
    .await
}

pub async fn replace_link(
    db: impl PgExecutor<'_>,
    tenant_id: Uuid,
    old: &Record,
    ct: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "update invitations set token_sealed = $4 where tenant_id = $1 and id = $2 and token_sealed = $3",
        tenant_id,
        old.id,
        old.ct,
        ct
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Credentials of the MSP's registrations, or of a customer's own.
pub async fn credentials(db: impl PgExecutor<'_>, key: Uuid) -> sqlx::Result<Vec<Record>> {
    sqlx::query_as!(
        Record,
        "select id, ct from app_credentials where sealed_by(ct) = $1 or fingerprint_by(fingerprint) = $1",
        key
    )
    .fetch_all(db)
    .await
}

pub async fn replace_credential(
    db: impl PgExecutor<'_>,
    old: &Record,
    ct: &[u8],
    fingerprint: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "update app_credentials set ct = $3, fingerprint = $4 where id = $1 and ct = $2",
        old.id,
        old.ct,
        ct,
        fingerprint
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn seeds(db: impl PgExecutor<'_>, key: Uuid) -> sqlx::Result<Vec<Seed>> {
    sqlx::query_as!(
        Seed,
        r#"select id, technician_id, seed_ct as "ct!" from technician_factors
           where seed_ct is not null and sealed_by(seed_ct) = $1"#,
        key
    )
    .fetch_all(db)
    .await
}

pub async fn replace_seed(db: impl PgExecutor<'_>, old: &Seed, ct: &[u8]) -> sqlx::Result<()> {
    sqlx::query!(
        "update technician_factors set seed_ct = $3 where id = $1 and seed_ct = $2",
        old.id,
        old.ct,
        ct
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Connections dead since before `since` that still have a ciphertext.
pub async fn dead(
    db: impl PgExecutor<'_>,
    since: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<(Uuid, Uuid)>> {
    let rows = sqlx::query!(
        "select c.tenant_id, c.id from connections c
         join connection_secrets s on s.tenant_id = c.tenant_id and s.connection_id = c.id
         where c.state in ('needs_consent', 'quarantined') and c.state_since < $1 limit $2",
        since,
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.tenant_id, row.id))
        .collect())
}

/// Hold the connection as it is; false when it has come alive meanwhile.
pub async fn is_still_dead(
    tx: &mut PgConnection,
    (tenant_id, id): (Uuid, Uuid),
    since: OffsetDateTime,
) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select true as "dead!" from connections
           where tenant_id = $1 and id = $2 and state in ('needs_consent', 'quarantined') and state_since < $3
           for no key update"#,
        tenant_id,
        id,
        since
    )
    .fetch_optional(tx)
    .await?;
    Ok(found.is_some())
}
