//! Reads of `audit verify`: the whole log, a batch at a time, in one transaction that sees one instant.

use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use time::OffsetDateTime;

use crate::keeper::audit::{Row, Seal};

/// Everything is read as it is now, and nothing is written.
pub async fn begin(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    pool.begin_with("begin isolation level repeatable read read only")
        .await
}

/// Seals after `seq`, in order.
pub async fn seals(tx: &mut PgConnection, after: i64, limit: i64) -> sqlx::Result<Vec<Seal>> {
    sqlx::query_as!(
        Seal,
        "select seq, event_id, event_at, sealed_at, digest, hash from audit_seals
         where seq > $1 order by seq, sealed_at limit $2",
        after,
        limit
    )
    .fetch_all(tx)
    .await
}

/// The rows of these seals, as far as they are there.
pub async fn rows(tx: &mut PgConnection, of: &[Seal]) -> sqlx::Result<Vec<Row>> {
    let ids: Vec<i64> = of.iter().map(|seal| seal.event_id).collect();
    let times: Vec<OffsetDateTime> = of.iter().map(|seal| seal.event_at).collect();
    sqlx::query_as!(
        Row,
        r#"select e.id, e.at, e.tenant_id, e.actor_type, e.actor_id, e.actor_name, e.ip, e.action, e.object_type,
             e.object_id, e.result, e.request_id, e.details::text as "details!", e.key_id
           from unnest($1::bigint[], $2::timestamptz[]) as k (id, at)
           join audit_events e on e.id = k.id and e.at = k.at"#,
        &ids,
        &times
    )
    .fetch_all(tx)
    .await
}

/// Rows of the log, rows that wait, and rows that wait and are not there.
pub struct Counts {
    pub rows: i64,
    pub waiting: i64,
    pub vanished: i64,
}

pub async fn counts(tx: &mut PgConnection) -> sqlx::Result<Counts> {
    sqlx::query_as!(
        Counts,
        r#"select (select count(*) from audit_events) as "rows!",
             count(e.id) as "waiting!", count(*) - count(e.id) as "vanished!"
           from audit_unsealed u left join audit_events e on e.id = u.event_id and e.at = u.event_at"#
    )
    .fetch_one(tx)
    .await
}

/// The first row that waits to be sealed and is not there.
pub async fn first_vanished(tx: &mut PgConnection) -> sqlx::Result<Option<(i64, OffsetDateTime)>> {
    let found = sqlx::query!(
        "select u.event_id, u.event_at from audit_unsealed u
         where not exists (select from audit_events e where e.id = u.event_id and e.at = u.event_at)
         order by u.event_id limit 1"
    )
    .fetch_optional(tx)
    .await?;
    Ok(found.map(|row| (row.event_id, row.event_at)))
}

/// A row and whether it is sealed or waits for it.
pub struct Standing {
    pub id: i64,
    pub at: OffsetDateTime,
    pub known: bool,
}

/// Rows after `(id, at)`, in order.
pub async fn standings(
    tx: &mut PgConnection,
    after: (i64, OffsetDateTime),
    limit: i64,
) -> sqlx::Result<Vec<Standing>> {
    sqlx::query_as!(
        Standing,
        r#"select e.id as "id!", e.at as "at!",
             (exists (select from audit_seals s where s.event_id = e.id and s.event_at = e.at)
               or exists (select from audit_unsealed u where u.event_id = e.id and u.event_at = e.at)) as "known!"
           from (select id, at from audit_events where (id, at) > ($1, $2) order by id, at limit $3) e
           order by e.id, e.at"#,
        after.0,
        after.1,
        limit
    )
    .fetch_all(tx)
    .await
}
