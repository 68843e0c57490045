//! The planted fleet's rows, a batch in one transaction. Queries are not checked at compile time: this is no part of the
//! product.

use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Fleet, Given};
use crate::keeper::resource::Resource;
use crate::keeper::store::secrets::NewSecret;
use crate::storage::{ConnectionId, TenantId};

pub(super) struct Row<'a> {
    pub tenant_id: TenantId,
    pub id: ConnectionId,
    pub given: &'a Given,
    pub secret: NewSecret,
    pub due_at: OffsetDateTime,
}

pub(super) async fn insert(
    pool: &PgPool,
    fleet: &Fleet,
    registration: Uuid,
    rows: &[Row<'_>],
) -> sqlx::Result<()> {
    let tenants: Vec<Uuid> = rows.iter().map(|row| row.tenant_id.as_uuid()).collect();
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id.as_uuid()).collect();
    let names: Vec<&str> = rows
        .iter()
        .map(|row| row.given.short_name.as_str())
        .collect();
    let entra: Vec<Uuid> = rows.iter().map(|row| row.given.entra_tenant_id).collect();
    let admins: Vec<&str> = rows
        .iter()
        .map(|row| row.given.admin_username.as_str())
        .collect();
    let oids: Vec<Uuid> = rows.iter().map(|row| row.given.admin_oid).collect();
    let resources: Vec<&str> = fleet
        .resources
        .iter()
        .copied()
        .map(Resource::as_str)
        .collect();
    let (class, by) = if fleet.public_class {
        ("public", "device_code")
    } else {
        ("confidential", "auth_code")
    };
    let mut tx = pool.begin().await?;
    sqlx::query(
        "insert into tenants (id, short_name, full_name, admin_username, entra_tenant_id, state_since, created_at, updated_at)
         select id, name, name, admin, entra, $5, $5, $5
         from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) as r (id, name, admin, entra)",
    )
    .bind(&tenants).bind(&names).bind(&admins).bind(&entra).bind(fleet.obtained_at)
    .execute(&mut *tx).await?;
    sqlx::query(
        "insert into tenant_resources (tenant_id, resource, required)
         select t, r, true from unnest($1::uuid[]) t, unnest($2::text[]) r",
    )
    .bind(&tenants)
    .bind(&resources)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into connections (tenant_id, id, mode, state, state_since, entra_tenant_id, admin_oid, admin_username,
           token_class, obtained_by, obtained_at, app_registration_id, realm, last_ok_at)
         select t, id, 'auth_token', 'active', $6, e, o, a, $7, $8, $6, $9, 'managed', $6
         from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[]) as r (t, id, e, o, a)",
    )
    .bind(&tenants).bind(&ids).bind(&entra).bind(&oids).bind(&admins)
    .bind(fleet.obtained_at).bind(class).bind(by).bind(registration)
    .execute(&mut *tx).await?;
    let cts: Vec<&[u8]> = rows.iter().map(|row| row.secret.ct.as_slice()).collect();
    let prints: Vec<&[u8]> = rows
        .iter()
        .map(|row| row.secret.fingerprint.as_slice())
        .collect();
    sqlx::query(
        "insert into connection_secrets (tenant_id, connection_id, version, ct_current, fingerprint, obtained_at)
         select t, id, 1, ct, print, $5 from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[]) as r (t, id, ct, print)",
    )
    .bind(&tenants).bind(&ids).bind(&cts).bind(&prints).bind(fleet.obtained_at)
    .execute(&mut *tx).await?;
    let due: Vec<OffsetDateTime> = rows.iter().map(|row| row.due_at).collect();
    sqlx::query(
        "insert into refresh_schedule (tenant_id, connection_id, next_refresh_at, last_ok_at)
         select t, id, due, $4 from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as r (t, id, due)",
    )
    .bind(&tenants).bind(&ids).bind(&due).bind(fleet.obtained_at)
    .execute(&mut *tx).await?;
    sqlx::query(
        "insert into tokens (tenant_id, connection_id, resource, state)
         select t, id, r, 'waiting' from unnest($1::uuid[], $2::uuid[]) as c (t, id), unnest($3::text[]) r",
    )
    .bind(&tenants).bind(&ids).bind(&resources)
    .execute(&mut *tx).await?;
    tx.commit().await
}
