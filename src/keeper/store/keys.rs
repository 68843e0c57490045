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
    /// Its data key was destroyed when the master key was rotated out.
    pub is_over: bool,
    /// When the master key was taken out of use for good.
    pub retired_at: Option<OffsetDateTime>,
}

impl Canary {
    /// Does it prove this master key?
    pub fn watches(&self, kek_id: &str) -> bool {
        self.kek_id == kek_id && !self.is_over
    }
}

/// How much one master key wraps.
pub struct InUse {
    pub kek_id: String,
    pub data_keys: i64,
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

/// Store new active keys of many tenants, except where another keeper was faster or the master key is out of use.
pub async fn insert_many(db: impl PgExecutor<'_>, keys: &[StoredKey]) -> sqlx::Result<()> {
    let column = |of: fn(&StoredKey) -> Uuid| keys.iter().map(of).collect::<Vec<_>>();
    let tenants: Vec<Option<Uuid>> = keys.iter().map(|key| key.tenant_id).collect();
    let text = |of: fn(&StoredKey) -> &str| keys.iter().map(of).collect::<Vec<_>>();
    let wrapped: Vec<&[u8]> = keys.iter().map(|key| key.wrapped.as_slice()).collect();
    let created: Vec<OffsetDateTime> = keys.iter().map(|key| key.created_at).collect();
    sqlx::query!(
        "insert into data_keys (id, tenant_id, purpose, wrapped, kek_id, created_at)
         select n.* from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::timestamptz[])
           as n (id, tenant_id, purpose, wrapped, kek_id, created_at)
         where not exists (select from key_canaries c where c.kek_id = n.kek_id and c.retired_at is not null)
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

/// Store a new active key, unless another keeper was faster or the master key is out of use.
pub async fn insert(db: impl PgExecutor<'_>, key: &StoredKey) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into data_keys (id, tenant_id, purpose, wrapped, kek_id, state, uses, created_at)
         select $1, $2, $3, $4, $5, $6, $7, $8
         where $3 = 'canary' or not exists (select from key_canaries where kek_id = $5 and retired_at is not null)
         on conflict do nothing",
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
        r#"select c.kek_id, c.dk_id, c.ct, d.state = 'destroyed' as "is_over!", c.retired_at
           from key_canaries c join data_keys d on d.id = c.dk_id order by c.created_at"#
    )
    .fetch_all(tx)
    .await
}

/// The proof of a master key; takes the place of an older one.
pub async fn put_canary(
    tx: &mut PgConnection,
    kek_id: &str,
    dk_id: Uuid,
    ct: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into key_canaries (kek_id, dk_id, ct, created_at) values ($1, $2, $3, $4)
         on conflict (kek_id) do update set dk_id = $2, ct = $3, created_at = $4, retired_at = null",
        kek_id,
        dk_id,
        ct,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The master key that became primary last.
pub async fn newest_master(db: impl PgExecutor<'_>) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select kek_id from key_canaries order by created_at desc limit 1")
        .fetch_optional(db)
        .await
}

/// What each master key wraps, canaries apart.
pub async fn in_use(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<InUse>> {
    sqlx::query_as!(
        InUse,
        r#"select kek_id, count(*) as "data_keys!" from data_keys
           where state <> 'destroyed' and purpose <> 'canary' group by kek_id order by kek_id"#
    )
    .fetch_all(db)
    .await
}

/// The next data keys, by id, that another master key than `primary` wraps.
pub async fn wrapped_otherwise(
    db: impl PgExecutor<'_>,
    primary: &str,
    after: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<StoredKey>> {
    sqlx::query_as!(
        StoredKey,
        "select id, tenant_id, purpose, wrapped, kek_id, state, uses, created_at from data_keys
         where kek_id <> $1 and state <> 'destroyed' and purpose <> 'canary' and id > $2
         order by id limit $3",
        primary,
        after,
        limit
    )
    .fetch_all(db)
    .await
}

/// A data key in its new wrapping.
pub struct Rewrapped {
    pub id: Uuid,
    /// The master key that wrapped it when it was read.
    pub from: String,
    pub wrapped: Vec<u8>,
}

/// Store new wrappings by `primary`, each only if the key is still wrapped as it was read. Gives how many were.
pub async fn rewrap(
    db: impl PgExecutor<'_>,
    primary: &str,
    all: &[Rewrapped],
) -> sqlx::Result<u64> {
    let ids: Vec<Uuid> = all.iter().map(|one| one.id).collect();
    let from: Vec<&str> = all.iter().map(|one| one.from.as_str()).collect();
    let wrapped: Vec<&[u8]> = all.iter().map(|one| one.wrapped.as_slice()).collect();
    let done = sqlx::query!(
        "update data_keys d set wrapped = n.wrapped, kek_id = $1
         from unnest($2::uuid[], $3::text[], $4::bytea[]) as n (id, kek_id, wrapped)
         where d.id = n.id and d.kek_id = n.kek_id and d.state <> 'destroyed'",
        primary,
        &ids,
        &from as &[&str],
        &wrapped as &[&[u8]]
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Destroy the canaries of master keys other than `primary` that wrap nothing any more; gives those keys' ids.
pub async fn end_canaries(tx: &mut PgConnection, primary: &str) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "update data_keys d set state = 'destroyed', wrapped = ''
         where d.purpose = 'canary' and d.state <> 'destroyed' and d.kek_id <> $1
           and not exists (select from data_keys o
                           where o.kek_id = d.kek_id and o.state <> 'destroyed' and o.purpose <> 'canary')
         returning d.kek_id",
        primary
    )
    .fetch_all(tx)
    .await
}

/// No data key is made until the transaction ends.
pub async fn lock_keys(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("lock table data_keys in share row exclusive mode")
        .execute(tx)
        .await?;
    Ok(())
}

/// From now on the master key wraps nothing. One without a canary never wrapped anything.
pub async fn take_out_of_use(
    tx: &mut PgConnection,
    kek_id: &str,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update key_canaries set retired_at = coalesce(retired_at, $2) where kek_id = $1",
        kek_id,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}
