//! SQL of login sessions as people know them, and of the devices they were seen on. The sessions themselves are the web's.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::op::Op;
use crate::domain::technician::factor::FactorKind;
use crate::domain::technician::session::OpenSession;
use crate::storage::TechnicianId;

pub(in crate::domain::technician) async fn sessions(
    op: &mut Op,
    technician: TechnicianId,
) -> Result<Vec<OpenSession>, sqlx::Error> {
    let now = op.now();
    let rows = sqlx::query!(
        "select id, user_agent, ip, created_at, last_seen_at, factor from login_sessions
         where technician_id = $1 and expires_at > $2 and stage = 'full' order by created_at desc, id",
        technician.as_uuid(),
        now,
    )
    .fetch_all(op.db())
    .await?;
    let sessions = rows.into_iter().map(|row| OpenSession {
        id: row.id,
        user_agent: row.user_agent,
        ip: row.ip,
        began_at: row.created_at,
        last_seen_at: row.last_seen_at,
        factor: row.factor.as_deref().and_then(FactorKind::from_word),
    });
    Ok(sessions.collect())
}

/// Technician, how many sessions are open, factors, and whether one of them is a passkey.
pub(in crate::domain::technician) async fn sessions_of_all(
    op: &mut Op,
) -> Result<Vec<(TechnicianId, i64, Vec<String>)>, sqlx::Error> {
    let now = op.now();
    let rows = sqlx::query!(
        r#"select t.id,
             (select count(*) from login_sessions s
              where s.technician_id = t.id and s.expires_at > $1 and s.stage = 'full') as "sessions!",
             array(select f.kind from technician_factors f
                   where f.technician_id = t.id and f.confirmed_at is not null order by f.created_at) as "kinds!"
           from technicians t"#,
        now,
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id.into(), row.sessions, row.kinds))
        .collect())
}

/// Gives how many there were.
pub(in crate::domain::technician) async fn end_sessions(
    op: &mut Op,
    technician: TechnicianId,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "delete from login_sessions where technician_id = $1",
        technician.as_uuid(),
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

/// End all but this one; gives how many of them were logins.
pub(in crate::domain::technician) async fn end_other_sessions(
    op: &mut Op,
    technician: TechnicianId,
    keep: Uuid,
) -> Result<u64, sqlx::Error> {
    let ended = sqlx::query_scalar!(
        r#"with gone as (delete from login_sessions where technician_id = $1 and id <> $2 returning stage)
           select count(*) as "ended!" from gone where stage = 'full'"#,
        technician.as_uuid(),
        keep,
    )
    .fetch_one(op.db())
    .await?;
    Ok(ended.unsigned_abs())
}

pub(in crate::domain::technician) async fn end_session(
    op: &mut Op,
    technician: TechnicianId,
    id: Uuid,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "delete from login_sessions where technician_id = $1 and id = $2",
        technician.as_uuid(),
        id,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// End all but the newest `keep` logins, and apart from them all but the newest `keep` that have proved a password alone.
pub(in crate::domain::technician) async fn end_oldest_sessions(
    op: &mut Op,
    technician: TechnicianId,
    keep: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from login_sessions where id in (
           select id from (select id, row_number() over (partition by stage = 'full' order by created_at desc, id) as place
                           from login_sessions where technician_id = $1) numbered
           where place > $2)",
        technician.as_uuid(),
        keep,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// The next page of each gets a new id.
pub(in crate::domain::technician) async fn renew_sessions(
    op: &mut Op,
    technician: TechnicianId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update login_sessions set renew = true where technician_id = $1",
        technician.as_uuid(),
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Remember from where they signed in; whether that is news, and whether anything was known before.
pub(in crate::domain::technician) async fn note_device(
    op: &mut Op,
    technician: TechnicianId,
    fingerprint: &[u8],
    forget_before: OffsetDateTime,
) -> Result<(bool, bool), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "delete from technician_devices where technician_id = $1 and last_seen_at < $2",
        technician.as_uuid(),
        forget_before,
    )
    .execute(op.db())
    .await?;
    let before = sqlx::query!(
        r#"select count(*) as "known!", count(*) filter (where fingerprint = $2) as "this!"
           from technician_devices where technician_id = $1"#,
        technician.as_uuid(),
        fingerprint,
    )
    .fetch_one(op.db())
    .await?;
    sqlx::query!(
        "insert into technician_devices (technician_id, fingerprint, first_seen_at, last_seen_at) values ($1, $2, $3, $3)
         on conflict (technician_id, fingerprint) do update set last_seen_at = $3",
        technician.as_uuid(),
        fingerprint,
        now,
    )
    .execute(op.db())
    .await?;
    Ok((before.this == 0, before.known > 0))
}
