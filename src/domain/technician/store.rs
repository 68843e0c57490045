//! SQL of technicians and their links. Failed logins are in `failures`, second factors in `factors`, login
//! sessions and devices in `sessions`, saved views in `views`.

mod factors;
mod failures;
pub(super) mod limits;
mod sessions;
mod views;

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use super::hashing::PasswordHash;
use super::{Listed, LoginName, NewTechnician, Role, Technician};
use crate::domain::op::Op;
use crate::storage::{Inconsistent, TechnicianId};

pub(super) use factors::{
    apps, confirm_app, delete_factor, delete_factors, enrolled, forget_pending, hold, hold_passkey,
    insert_app, insert_passkey, note_codes_kept, note_passkey_use, passkeys, pending,
    rename_factor, replace_codes, use_code,
};
pub(super) use failures::{
    count_failure, date_failures, delete_failures, failures, forget_failures, take_back_failure,
};
pub(super) use sessions::{
    end_oldest_sessions, end_other_sessions, end_session, end_sessions, note_device,
    renew_sessions, sessions, sessions_of_all,
};
pub(super) use views::{count_views, delete_view, has_view, insert_view, views};

struct Row {
    id: Uuid,
    email: String,
    display_name: String,
    role: String,
    state: String,
    limited: bool,
}

impl TryFrom<Row> for Technician {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let role: Role = row
            .role
            .parse()
            .map_err(|_| Inconsistent::new("technicians", "role", row.id))?;
        Ok(Self {
            id: row.id.into(),
            email: row.email,
            display_name: row.display_name,
            role,
            disabled: row.state == "disabled",
            limited: row.limited && role != Role::Owner,
        })
    }
}

pub(super) async fn find(
    db: impl PgExecutor<'_>,
    id: TechnicianId,
) -> Result<Option<Technician>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "select id, email, display_name, role, state, limited from technicians where id = $1",
        id.as_uuid(),
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(Technician::try_from).transpose()?)
}

pub(super) async fn find_by_login_name(
    op: &mut Op,
    name: &LoginName,
) -> Result<Option<(Technician, Option<PasswordHash>)>, sqlx::Error> {
    let row = sqlx::query!(
        "select id, email, display_name, role, state, limited, password_hash from technicians where email = $1",
        name.as_str(),
    )
    .fetch_optional(op.db())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let technician = Row {
        id: row.id,
        email: row.email,
        display_name: row.display_name,
        role: row.role,
        state: row.state,
        limited: row.limited,
    };
    Ok(Some((
        technician.try_into()?,
        row.password_hash.map(PasswordHash::stored),
    )))
}

pub(super) async fn has_password(op: &mut Op, id: TechnicianId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select password_hash is not null as "has_password!" from technicians where id = $1"#,
        id.as_uuid(),
    )
    .fetch_one(op.db())
    .await
}

pub(super) async fn list(op: &mut Op) -> Result<Vec<Listed>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select id, email, display_name, role, state, limited, last_login_at, password_hash is not null as "has_password!",
             exists (select from technician_sign_ons s where s.technician_id = technicians.id) as "has_sign_on!"
           from technicians order by email"#
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| {
            let technician = Row {
                id: row.id,
                email: row.email,
                display_name: row.display_name,
                role: row.role,
                state: row.state,
                limited: row.limited,
            };
            Ok(Listed {
                technician: technician.try_into()?,
                has_password: row.has_password,
                has_sign_on: row.has_sign_on,
                last_login_at: row.last_login_at,
            })
        })
        .collect()
}

pub(super) async fn insert(
    op: &mut Op,
    id: TechnicianId,
    new: &NewTechnician,
    hash: Option<&str>,
) -> Result<Technician, sqlx::Error> {
    let now = op.now();
    let row = sqlx::query_as!(
        Row,
        "insert into technicians (id, email, display_name, role, password_hash, password_changed_at, created_at)
         values ($1, $2, $3, $4, $5, case when $5::text is null then null else $6::timestamptz end, $6::timestamptz)
         returning id, email, display_name, role, state, limited",
        id.as_uuid(),
        new.email.as_str(),
        new.display_name,
        new.role.as_str(),
        hash,
        now,
    )
    .fetch_one(op.db())
    .await?;
    Ok(row.try_into()?)
}

/// `None` when the technician was disabled in the meantime.
pub(super) async fn set_password(
    op: &mut Op,
    id: TechnicianId,
    hash: &str,
) -> Result<Option<Technician>, sqlx::Error> {
    let now = op.now();
    let row = sqlx::query_as!(
        Row,
        "update technicians set password_hash = $2, password_changed_at = $3 where id = $1 and state = 'active'
         returning id, email, display_name, role, state, limited",
        id.as_uuid(),
        hash,
        now,
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(Technician::try_from).transpose()?)
}

pub(super) async fn forget_password(op: &mut Op, id: TechnicianId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update technicians set password_hash = null where id = $1",
        id.as_uuid()
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn set_state(
    op: &mut Op,
    id: TechnicianId,
    state: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update technicians set state = $2 where id = $1",
        id.as_uuid(),
        state
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn set_role(op: &mut Op, id: TechnicianId, role: Role) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update technicians set role = $2 where id = $1",
        id.as_uuid(),
        role.as_str()
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Counts under lock, so that two owners cannot disable each other at once.
pub(super) async fn count_active_owners(op: &mut Op) -> Result<usize, sqlx::Error> {
    let owners = sqlx::query_scalar!(
        "select id from technicians where role = 'owner' and state = 'active' order by id for update"
    )
    .fetch_all(op.db())
    .await?;
    Ok(owners.len())
}

pub(super) async fn note_login(op: &mut Op, id: TechnicianId) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update technicians set last_login_at = $2 where id = $1",
        id.as_uuid(),
        now
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn delete_links(op: &mut Op, id: TechnicianId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from technician_links where technician_id = $1",
        id.as_uuid()
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn insert_link(
    op: &mut Op,
    id: TechnicianId,
    token_hash: &[u8],
    expires_at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let (link, now) = (crate::clock::ordered_uuid(), op.now());
    sqlx::query!(
        "insert into technician_links (id, technician_id, token_hash, created_at, expires_at) values ($1, $2, $3, $4, $5)",
        link,
        id.as_uuid(),
        token_hash,
        now,
        expires_at,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn find_by_link(
    op: &mut Op,
    token_hash: &[u8],
) -> Result<Option<Technician>, sqlx::Error> {
    let now = op.now();
    let row = sqlx::query_as!(
        Row,
        "select t.id, t.email, t.display_name, t.role, t.state, t.limited
         from technician_links l join technicians t on t.id = l.technician_id
         where l.token_hash = $1 and l.used_at is null and l.expires_at > $2 and t.state = 'active'",
        token_hash,
        now,
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(Technician::try_from).transpose()?)
}

/// One statement, so that of two browsers only one gets it.
pub(super) async fn use_link(
    op: &mut Op,
    token_hash: &[u8],
) -> Result<Option<TechnicianId>, sqlx::Error> {
    let now = op.now();
    let id = sqlx::query_scalar!(
        "update technician_links set used_at = $2 where token_hash = $1 and used_at is null and expires_at > $2
         returning technician_id",
        token_hash,
        now,
    )
    .fetch_optional(op.db())
    .await?;
    Ok(id.map(Into::into))
}
