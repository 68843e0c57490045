//! The audit log's chain: rows that wait, seals, the chain's end, its keys. Instants are the database's.

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::keeper::audit::{Row, Seal};

/// A row of `audit_keys`.
pub struct StoredKeys {
    pub id: Uuid,
    pub mac_ct: Vec<u8>,
    pub signing_ct: Vec<u8>,
    pub public_key: Vec<u8>,
    pub created_at: OffsetDateTime,
}

/// The chain's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub seq: i64,
    pub hash: Vec<u8>,
    pub sealed_at: OffsetDateTime,
    /// Number of the last checkpoint, and what it vouches for.
    pub checkpoint: i64,
    pub checkpoint_seq: i64,
    pub checkpoint_at: OffsetDateTime,
}

pub async fn keys(db: impl PgExecutor<'_>) -> sqlx::Result<Option<StoredKeys>> {
    sqlx::query_as!(
        StoredKeys,
        "select id, mac_ct, signing_ct, public_key, created_at from audit_keys order by created_at, id limit 1"
    )
    .fetch_optional(db)
    .await
}

/// Was anything ever sealed?
pub async fn is_begun(db: impl PgExecutor<'_>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select (exists (select from audit_seals) or exists (select from audit_chain where seq > 0)) as "begun!""#
    )
    .fetch_one(db)
    .await
}

/// Store the chain's keys, unless there are some.
pub async fn insert_keys(db: impl PgExecutor<'_>, keys: &StoredKeys) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into audit_keys (id, mac_ct, signing_ct, public_key, created_at) values ($1, $2, $3, $4, $5)
         on conflict do nothing",
        keys.id,
        keys.mac_ct,
        keys.signing_ct,
        keys.public_key,
        keys.created_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The same keys, sealed anew, while they are as they were read.
pub async fn replace_keys(
    db: impl PgExecutor<'_>,
    old: &StoredKeys,
    mac_ct: &[u8],
    signing_ct: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "update audit_keys set mac_ct = $2, signing_ct = $3 where id = $1 and mac_ct = $4 and signing_ct = $5",
        old.id,
        mac_ct,
        signing_ct,
        old.mac_ct,
        old.signing_ct
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Is there anything to seal, or was the last checkpoint made so many seconds ago?
pub async fn has_work(db: impl PgExecutor<'_>, checkpoint_after_s: f64) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select (exists (select from audit_unsealed)
             or exists (select from audit_chain where seq > 0
                        and checkpoint_at < clock_timestamp() - make_interval(secs => $1))) as "work!""#,
        checkpoint_after_s
    )
    .fetch_one(db)
    .await
}

/// The chain's end, for us alone until the transaction ends; none while another keeper seals.
pub async fn lock_end(tx: &mut PgConnection) -> sqlx::Result<Option<End>> {
    sqlx::query_as!(
        End,
        "select seq, hash, sealed_at, checkpoint, checkpoint_seq, checkpoint_at from audit_chain for update skip locked"
    )
    .fetch_optional(tx)
    .await
}

/// The chain's end, to look at.
pub async fn end(db: impl PgExecutor<'_>) -> sqlx::Result<Option<End>> {
    sqlx::query_as!(
        End,
        "select seq, hash, sealed_at, checkpoint, checkpoint_seq, checkpoint_at from audit_chain"
    )
    .fetch_optional(db)
    .await
}

/// The database's instant, never before `former`.
pub async fn instant(
    db: impl PgExecutor<'_>,
    former: OffsetDateTime,
) -> sqlx::Result<OffsetDateTime> {
    sqlx::query_scalar!(r#"select greatest(clock_timestamp(), $1) as "at!""#, former)
        .fetch_one(db)
        .await
}

/// Have this transaction go by indexes. The log grows by the second: a plan that was made when it was small, and is kept, would
/// read all of it each time.
pub async fn by_index(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select set_config('enable_seqscan', 'off', true)")
        .fetch_one(tx)
        .await?;
    Ok(())
}

/// Rows that wait to be sealed, by number; what waits and is gone holds up nobody. Looked up one by one: a join would walk the log
/// from its first row on.
pub async fn waiting(tx: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"select e.id, e.at, e.tenant_id, e.actor_type, e.actor_id, e.actor_name, e.ip, e.action, e.object_type,
             e.object_id, e.result, e.request_id, e.details::text as "details!", e.key_id
           from audit_unsealed u
           cross join lateral (select * from audit_events r where r.id = u.event_id and r.at = u.event_at offset 0) e
           order by u.event_id, u.event_at limit $1"#,
        limit
    )
    .fetch_all(tx)
    .await
}

/// Put seals at the chain's end; their rows wait no more. The end must be locked. What waits is found row by row, because how
/// much it is changes faster than Postgres counts it.
pub async fn append(tx: &mut PgConnection, seals: &[Seal]) -> sqlx::Result<()> {
    let numbers: Vec<i64> = seals.iter().map(|seal| seal.seq).collect();
    let ids: Vec<i64> = seals.iter().map(|seal| seal.event_id).collect();
    let times: Vec<OffsetDateTime> = seals.iter().map(|seal| seal.event_at).collect();
    let sealed: Vec<OffsetDateTime> = seals.iter().map(|seal| seal.sealed_at).collect();
    let digests: Vec<&[u8]> = seals.iter().map(|seal| seal.digest.as_slice()).collect();
    let hashes: Vec<&[u8]> = seals.iter().map(|seal| seal.hash.as_slice()).collect();
    sqlx::query!(
        "with sealed as (
           insert into audit_seals (seq, event_id, event_at, sealed_at, digest, hash)
           select * from unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::bytea[], $6::bytea[])
           returning seq, hash, sealed_at
         ), moved as (
           update audit_chain c set seq = s.seq, hash = s.hash, sealed_at = s.sealed_at
           from (select * from sealed order by seq desc limit 1) s
         )
         delete from audit_unsealed where ctid = any (array(
           select u.ctid from unnest($2::bigint[], $3::timestamptz[]) as s (id, at)
           cross join lateral (select w.ctid from audit_unsealed w where w.event_id = s.id and w.event_at = s.at offset 0) u))",
        &numbers,
        &ids,
        &times,
        &sealed,
        &digests as &[&[u8]],
        &hashes as &[&[u8]]
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Months of rows and seals for the coming year.
pub async fn ensure_months(db: &mut PgConnection, now: OffsetDateTime) -> sqlx::Result<()> {
    let (since, until) = (
        (now - time::Duration::days(31)).date(),
        (now + time::Duration::days(366)).date(),
    );
    sqlx::query!("select ensure_audit_months($1, $2)", since, until)
        .fetch_one(&mut *db)
        .await?;
    sqlx::query!(
        "select ensure_audit_seal_months(now()::date, (now() + interval '366 days')::date)"
    )
    .fetch_one(db)
    .await?;
    Ok(())
}

/// What dropping months came to.
pub struct Dropped {
    pub months: i32,
    pub events: i64,
    pub events_before: OffsetDateTime,
    pub cut_seq: Option<i64>,
    pub cut_hash: Option<Vec<u8>>,
}

/// Drop what is older than `day`, by whole months, as far as the database allows.
pub async fn drop_months(tx: &mut PgConnection, day: time::Date) -> sqlx::Result<Dropped> {
    sqlx::query_as!(
        Dropped,
        r#"select months as "months!", events as "events!", events_before as "events_before!", cut_seq, cut_hash
           from drop_audit_months($1)"#,
        day
    )
    .fetch_one(tx)
    .await
}
