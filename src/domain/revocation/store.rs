//! SQL of `revocations`, whose rows the database's triggers write.

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Revocation;
use crate::domain::op::Op;

/// What is not in the file yet, the oldest first.
pub(super) async fn waiting(
    db: impl PgExecutor<'_>,
    limit: i64,
) -> Result<Vec<Revocation>, sqlx::Error> {
    sqlx::query_as!(
        Revocation,
        "select id, at, kind, what from revocations where exported_at is null order by at, id limit $1",
        limit
    )
    .fetch_all(db)
    .await
}

pub(super) async fn mark_exported(
    db: impl PgExecutor<'_>,
    ids: &[Uuid],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update revocations set exported_at = now() where id = any($1) and exported_at is null",
        ids
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The last revocation of which this database knows that the file holds it.
pub async fn newest_exported(op: &mut Op) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select id from revocations where exported_at is not null and restore_id is null order by at desc, id limit 1"
    )
    .fetch_optional(op.db())
    .await
}

/// Take in what the file knows and the restored database does not; gives how many. Those are to be revoked again.
pub async fn import(
    op: &mut Op,
    restore: Uuid,
    all: &[Revocation],
    is_in_our_file: bool,
) -> Result<u64, sqlx::Error> {
    let ids: Vec<Uuid> = all.iter().map(|one| one.id).collect();
    let ats: Vec<OffsetDateTime> = all.iter().map(|one| one.at).collect();
    let kinds: Vec<&str> = all.iter().map(|one| one.kind.as_str()).collect();
    let whats: Vec<serde_json::Value> = all.iter().map(|one| one.what.clone()).collect();
    let done = sqlx::query!(
        "insert into revocations (id, at, kind, what, exported_at, restore_id)
         select n.*, case when $5 then now() end, $6
         from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::jsonb[]) as n (id, at, kind, what)
         on conflict (id) do nothing",
        &ids,
        &ats,
        &kinds as &[&str],
        &whats,
        is_in_our_file,
        restore
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}
