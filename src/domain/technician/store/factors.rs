//! SQL of second factors and recovery codes. The sealed seed can be written from here and not read.

use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;
use webauthn_rs::prelude::Passkey;

use crate::domain::op::Op;
use crate::domain::technician::factor::{Enrolled, Factor, FactorKind};
use crate::storage::{Inconsistent, TechnicianId};

pub(in crate::domain::technician) async fn enrolled(
    db: &mut PgConnection,
    id: TechnicianId,
) -> Result<Enrolled, sqlx::Error> {
    let rows = sqlx::query!(
        "select id, kind, name, created_at, last_used_at from technician_factors
         where technician_id = $1 and confirmed_at is not null order by created_at, id",
        id.as_uuid(),
    )
    .fetch_all(&mut *db)
    .await?;
    let codes = sqlx::query!(
        r#"select t.recovery_codes_at is not null as "kept!",
             (select count(*) from recovery_codes c where c.technician_id = t.id and c.used_at is null) as "left!"
           from technicians t where t.id = $1"#,
        id.as_uuid(),
    )
    .fetch_optional(db)
    .await?;
    let factors = rows.into_iter().map(|row| {
        let kind = FactorKind::from_word(&row.kind)
            .ok_or_else(|| Inconsistent::new("technician_factors", "kind", row.id))?;
        Ok(Factor {
            id: row.id,
            kind,
            name: row.name,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        })
    });
    Ok(Enrolled {
        factors: factors.collect::<Result<_, Inconsistent>>()?,
        codes_left: codes.as_ref().map_or(0, |codes| codes.left),
        codes_kept: codes.is_some_and(|codes| codes.kept),
    })
}

/// One change of somebody's factors at a time; false when they are gone or disabled.
pub(in crate::domain::technician) async fn hold(
    op: &mut Op,
    id: TechnicianId,
) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar!(
        "select id from technicians where id = $1 and state = 'active' for no key update",
        id.as_uuid()
    )
    .fetch_optional(op.db())
    .await?;
    Ok(found.is_some())
}

pub(in crate::domain::technician) async fn insert_passkey(
    op: &mut Op,
    technician: TechnicianId,
    id: Uuid,
    name: &str,
    passkey: &Passkey,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "insert into technician_factors (id, technician_id, kind, name, credential_id, passkey, created_at, confirmed_at)
         values ($1, $2, 'passkey', $3, $4, $5, $6, $6)",
        id,
        technician.as_uuid(),
        name,
        passkey.cred_id().as_ref() as &[u8],
        Json(passkey) as _,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(in crate::domain::technician) async fn passkeys(
    pool: &PgPool,
    technician: TechnicianId,
) -> Result<Vec<Passkey>, sqlx::Error> {
    let rows = sqlx::query_scalar!(
        r#"select passkey as "passkey!: Json<Passkey>" from technician_factors
           where technician_id = $1 and kind = 'passkey' order by created_at, id"#,
        technician.as_uuid(),
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|Json(passkey)| passkey).collect())
}

/// The passkey that the authenticator calls so, held until the transaction ends.
pub(in crate::domain::technician) async fn hold_passkey(
    op: &mut Op,
    technician: TechnicianId,
    credential: &[u8],
) -> Result<Option<(Uuid, Passkey)>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select id, passkey as "passkey!: Json<Passkey>" from technician_factors
           where technician_id = $1 and credential_id = $2 for update"#,
        technician.as_uuid(),
        credential,
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(|row| (row.id, row.passkey.0)))
}

pub(in crate::domain::technician) async fn note_passkey_use(
    op: &mut Op,
    technician: TechnicianId,
    id: Uuid,
    passkey: &Passkey,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update technician_factors set passkey = $3, last_used_at = $4 where technician_id = $1 and id = $2",
        technician.as_uuid(),
        id,
        Json(passkey) as _,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(in crate::domain::technician) async fn insert_app(
    op: &mut Op,
    technician: TechnicianId,
    id: Uuid,
    seed_ct: &[u8],
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "insert into technician_factors (id, technician_id, kind, name, seed_ct, created_at)
         values ($1, $2, 'totp', 'Authenticator app', $3, $4)",
        id,
        technician.as_uuid(),
        seed_ct,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// The app that was begun after `since` and has shown no code yet.
pub(in crate::domain::technician) async fn pending(
    op: &mut Op,
    technician: TechnicianId,
    since: OffsetDateTime,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select id from technician_factors where technician_id = $1 and confirmed_at is null and created_at > $2",
        technician.as_uuid(),
        since,
    )
    .fetch_optional(op.db())
    .await
}

pub(in crate::domain::technician) async fn forget_pending(
    op: &mut Op,
    technician: TechnicianId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from technician_factors where technician_id = $1 and confirmed_at is null",
        technician.as_uuid(),
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(in crate::domain::technician) async fn confirm_app(
    op: &mut Op,
    technician: TechnicianId,
    id: Uuid,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update technician_factors set confirmed_at = $3
         where technician_id = $1 and id = $2 and kind = 'totp' and confirmed_at is null",
        technician.as_uuid(),
        id,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The authenticator apps, the one used last first.
pub(in crate::domain::technician) async fn apps(
    op: &mut Op,
    technician: TechnicianId,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select id from technician_factors where technician_id = $1 and kind = 'totp' and confirmed_at is not null
         order by last_used_at desc nulls last, id",
        technician.as_uuid(),
    )
    .fetch_all(op.db())
    .await
}

pub(in crate::domain::technician) async fn rename_factor(
    op: &mut Op,
    technician: TechnicianId,
    id: Uuid,
    name: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update technician_factors set name = $3 where technician_id = $1 and id = $2 and confirmed_at is not null",
        technician.as_uuid(),
        id,
        name,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(in crate::domain::technician) async fn delete_factor(
    op: &mut Op,
    technician: TechnicianId,
    id: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from technician_factors where technician_id = $1 and id = $2",
        technician.as_uuid(),
        id,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// All of them, with the recovery codes; gives how many factors there were.
pub(in crate::domain::technician) async fn delete_factors(
    op: &mut Op,
    technician: TechnicianId,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "delete from technician_factors where technician_id = $1",
        technician.as_uuid(),
    )
    .execute(op.db())
    .await?;
    replace_codes(op, technician, &[]).await?;
    Ok(done.rows_affected())
}

/// These take the place of all former ones, and nobody has said yet that they are kept.
pub(in crate::domain::technician) async fn replace_codes(
    op: &mut Op,
    technician: TechnicianId,
    hashes: &[Vec<u8>],
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update technicians set recovery_codes_at = null where id = $1",
        technician.as_uuid(),
    )
    .execute(op.db())
    .await?;
    sqlx::query!(
        "delete from recovery_codes where technician_id = $1",
        technician.as_uuid(),
    )
    .execute(op.db())
    .await?;
    sqlx::query!(
        "insert into recovery_codes (technician_id, code_hash, created_at) select $1, unnest($2::bytea[]), $3",
        technician.as_uuid(),
        hashes,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(in crate::domain::technician) async fn note_codes_kept(
    op: &mut Op,
    technician: TechnicianId,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update technicians set recovery_codes_at = $2 where id = $1",
        technician.as_uuid(),
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// One statement, so that of twenty who type the same code one gets in.
pub(in crate::domain::technician) async fn use_code(
    op: &mut Op,
    technician: TechnicianId,
    hash: &[u8],
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update recovery_codes set used_at = $3 where technician_id = $1 and code_hash = $2 and used_at is null",
        technician.as_uuid(),
        hash,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}
