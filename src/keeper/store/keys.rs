//! `data_keys` and `key_canaries`.

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

/// A row of `data_keys`.
pub struct StoredKey {
    pub id: Uuid,
    /// Empty for the installation's own.
    pub tenant_id: Option<Uuid>,
    pub purpose: String,
    pub wrapped: Vec<u8>,
    pub kek_id: String,
    pub state: String,
    pub uses: i64,
    pub created_at: OffsetDateTime,
}

/// A row of `key_canaries`.
pub struct Canary {
    pub kek_id: String,
    pub dk_id: Uuid,
    pub ct: Vec<u8>,
}

pub async fn find(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Option<StoredKey>> {
    sqlx::query_as!(
        StoredKey,
        "select id, tenant_id, purpose, wrapped, kek_id, state, uses, created_at from data_keys where id = $1",
        id
    )
    .fetch_optional(db)
    .await
}

/// Count `block` uses of the owner's active key in advance.
pub async fn reserve(
    db: impl PgExecutor<'_>,
    tenant_id: Option<Uuid>,
    purpose: &str,
    block: i64,
) -> sqlx::Result<Option<StoredKey>> {
    sqlx::query_as!(
        StoredKey,
        "update data_keys set uses = uses + $3
         where (tenant_id = $1 or ($1::uuid is null and tenant_id is null)) and purpose = $2 and state = 'active'
         returning id, tenant_id, purpose, wrapped, kek_id, state, uses, created_at",
        tenant_id,
        purpose,
        block
    )
    .fetch_optional(db)
    .await
}

/// The same for many tenants at once; `tenants` and `purposes` are pairs.
pub async fn reserve_many(
    db: impl PgExecutor<'_>,
    tenants: &[Uuid],
    purposes: &[&str],
    block: i64,
) -> sqlx::Result<Vec<StoredKey>> {
    sqlx::query_as!(
        StoredKey,
        "update data_keys d set uses = d.uses + $3
         from unnest($1::uuid[], $2::text[]) as w (tenant_id, purpose)
         where d.tenant_id = w.tenant_id and d.purpose = w.purpose and d.state = 'active'
         returning d.id, d.tenant_id, d.purpose, d.wrapped, d.kek_id, d.state, d.uses, d.created_at",
        tenants,
        purposes as &[&str],
        block
    )
    .fetch_all(db)
    .await
}

/// Store new active keys of many tenants, except where another keeper was faster.
pub async fn insert_many(db: impl PgExecutor<'_>, keys: &[StoredKey]) -> sqlx::Result<()> {
    let column = |of: fn(&StoredKey) -> Uuid| keys.iter().map(of).collect::<Vec<_>>();
    let tenants: Vec<Option<Uuid>> = keys.iter().map(|key| key.tenant_id).collect();
    let text = |of: fn(&StoredKey) -> &str| keys.iter().map(of).collect::<Vec<_>>();
    let wrapped: Vec<&[u8]> = keys.iter().map(|key| key.wrapped.as_slice()).collect();
    let created: Vec<OffsetDateTime> = keys.iter().map(|key| key.created_at).collect();
    sqlx::query!(
        "insert into data_keys (id, tenant_id, purpose, wrapped, kek_id, created_at)
         select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::timestamptz[])
         on conflict do nothing",
        &column(|key| key.id),
        &tenants as &[Option<Uuid>],
        &text(|key| &key.purpose) as &[&str],
        &wrapped as &[&[u8]],
        &text(|key| &key.kek_id) as &[&str],
        &created
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Store a new active key, unless another keeper was faster.
pub async fn insert(db: impl PgExecutor<'_>, key: &StoredKey) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into data_keys (id, tenant_id, purpose, wrapped, kek_id, state, uses, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
        key.id,
        key.tenant_id,
        key.purpose,
        key.wrapped,
        key.kek_id,
        key.state,
        key.uses,
        key.created_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// From now on the key only opens.
pub async fn retire(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "update data_keys set state = 'decrypt' where id = $1 and state = 'active'",
        id
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The installation's active keys of a purpose only open from now on.
pub async fn retire_all(db: impl PgExecutor<'_>, purpose: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "update data_keys set state = 'decrypt' where tenant_id is null and purpose = $1 and state = 'active'",
        purpose
    )
    .execute(db)
    .await?;
    Ok(())
}

/// One keeper at a time checks and plants canaries; held to the end of the transaction.
pub async fn lock_canaries(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("lock table key_canaries in share row exclusive mode")
        .execute(tx)
        .await?;
    Ok(())
}

/// The master keys that anything still needs.
pub async fn masters_in_use(tx: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!("select distinct kek_id from data_keys where state <> 'destroyed'")
        .fetch_all(tx)
        .await
}

pub async fn canaries(tx: &mut PgConnection) -> sqlx::Result<Vec<Canary>> {
    sqlx::query_as!(
        Canary,
        "select kek_id, dk_id, ct from key_canaries order by created_at"
    )
    .fetch_all(tx)
    .await
}

pub async fn insert_canary(
    tx: &mut PgConnection,
    kek_id: &str,
    dk_id: Uuid,
    ct: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into key_canaries (kek_id, dk_id, ct, created_at) values ($1, $2, $3, $4)",
        kek_id,
        dk_id,
        ct,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}
