//! SQL of tenants, their tags and their resource sets.

pub(super) mod import;
mod list;

use time::OffsetDateTime;
use uuid::Uuid;

use super::input::NewTenant;
use super::short_name::ShortName;
use super::{Resource, ResourceSetEntry, Tenant, TenantState};
use crate::domain::op::{Op, Scope};
use crate::storage::{Inconsistent, TenantId};

pub(super) use list::{counts, lines, tags};

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    short_name: String,
    full_name: String,
    domain: String,
    invitation_email: String,
    admin_username: String,
    entra_tenant_id: Option<Uuid>,
    state: String,
    state_reason: String,
    state_since: OffsetDateTime,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
    tags: Vec<String>,
    resources: Vec<String>,
    required: Vec<bool>,
}

impl TryFrom<Row> for Tenant {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let short_name = ShortName::parse(&row.short_name).ok_or(Inconsistent::new(
            "tenants",
            "short_name",
            row.id,
        ))?;
        let mut resources = Vec::with_capacity(row.resources.len());
        for (word, required) in row.resources.iter().zip(row.required) {
            let resource: Resource = word
                .parse()
                .map_err(|_| Inconsistent::new("tenant_resources", "resource", row.id))?;
            resources.push(ResourceSetEntry { resource, required });
        }
        resources.sort_by_key(|entry| entry.resource);
        Ok(Self {
            id: row.id.into(),
            short_name,
            full_name: row.full_name,
            domain: row.domain,
            invitation_email: row.invitation_email,
            admin_username: row.admin_username,
            entra_tenant_id: row.entra_tenant_id,
            state: TenantState::from_row(&row.state, row.state_reason, row.state_since, row.id)?,
            created_at: row.created_at,
            updated_at: row.updated_at,
            tags: row.tags,
            resources,
        })
    }
}

pub(super) async fn find_by_short_name(
    op: &mut Op,
    scope: Scope,
    name: &ShortName,
) -> Result<Option<Tenant>, sqlx::Error> {
    match id_of_short_name(op, name).await? {
        Some(id) => find(op, scope, id).await,
        None => Ok(None),
    }
}

pub(super) async fn find(
    op: &mut Op,
    scope: Scope,
    id: TenantId,
) -> Result<Option<Tenant>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select id, short_name, full_name, domain, invitation_email, admin_username, entra_tenant_id, state, state_reason,
             state_since, created_at, updated_at,
             array(select tag from tenant_tags g where g.tenant_id = t.id order by tag) as "tags!",
             array(select resource from tenant_resources r where r.tenant_id = t.id order by resource) as "resources!",
             array(select required from tenant_resources r where r.tenant_id = t.id order by resource) as "required!"
           from tenants t
           where id = $1 and ($2::uuid is null or id = $2)
             and ($3::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $3 and g.tenant_id = t.id))"#,
        id.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(Tenant::try_from).transpose()?)
}

pub(super) async fn id_of_short_name(
    op: &mut Op,
    name: &ShortName,
) -> Result<Option<TenantId>, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "select id from tenants where short_name = $1",
        name.as_str()
    )
    .fetch_optional(op.db())
    .await?;
    Ok(id.map(TenantId::from))
}

/// The first of `name-2`, `name-3`, … that no tenant has.
pub(super) async fn free_short_name(
    op: &mut Op,
    name: &ShortName,
) -> Result<Option<String>, sqlx::Error> {
    let stem: String = name.as_str().chars().take(28).collect();
    let stem = stem.trim_end_matches('-');
    sqlx::query_scalar!(
        r#"select candidate as "candidate!" from
             (select $1::text || '-' || n as candidate, n from generate_series(2, 999) n) c
           where not exists (select from tenants where short_name = candidate)
           order by n limit 1"#,
        stem,
    )
    .fetch_optional(op.db())
    .await
}

pub(super) async fn insert(
    op: &mut Op,
    id: TenantId,
    tenant: &NewTenant,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "insert into tenants (id, short_name, full_name, domain, invitation_email, admin_username, state_since, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $7)",
        id.as_uuid(),
        tenant.short_name.as_str(),
        tenant.full_name,
        tenant.domain,
        tenant.invitation_email,
        tenant.admin_username,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn update(
    op: &mut Op,
    scope: Scope,
    before: &Tenant,
    tenant: &NewTenant,
) -> Result<u64, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update tenants set short_name = $3, full_name = $4, domain = $5, invitation_email = $6, admin_username = $7, updated_at = $8
         where id = $1 and ($2::uuid is null or id = $2)
           and ($10::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $10 and g.tenant_id = tenants.id))
           and updated_at = $9",
        before.id.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        tenant.short_name.as_str(),
        tenant.full_name,
        tenant.domain,
        tenant.invitation_email,
        tenant.admin_username,
        now,
        before.updated_at,
        scope.technician(),
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

/// Write tags and resource set anew; the caller has made sure that the tenant is within scope.
pub(super) async fn replace_details(
    op: &mut Op,
    id: TenantId,
    tenant: &NewTenant,
) -> Result<(), sqlx::Error> {
    let id = id.as_uuid();
    // What stays is left alone: by its tags people are granted this tenant.
    sqlx::query!(
        "delete from tenant_tags where tenant_id = $1 and tag <> all($2)",
        id,
        &tenant.tags
    )
    .execute(op.db())
    .await?;
    sqlx::query!(
        "insert into tenant_tags (tenant_id, tag) select $1, unnest($2::text[]) on conflict do nothing",
        id,
        &tenant.tags
    )
    .execute(op.db())
    .await?;
    let words: Vec<String> = tenant
        .resources
        .iter()
        .map(|entry| entry.resource.as_str().to_owned())
        .collect();
    let required: Vec<bool> = tenant
        .resources
        .iter()
        .map(|entry| entry.required)
        .collect();
    sqlx::query!("delete from tenant_resources where tenant_id = $1", id)
        .execute(op.db())
        .await?;
    sqlx::query!(
        "insert into tenant_resources (tenant_id, resource, required) select $1, r, q from unnest($2::text[], $3::bool[]) as s(r, q)",
        id,
        &words,
        &required,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn change_state(
    op: &mut Op,
    scope: Scope,
    id: TenantId,
    from: &[String],
    to: &str,
    reason: &str,
) -> Result<u64, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update tenants set state = $4, state_reason = $5, state_since = $6, updated_at = $6
         where id = $1 and ($2::uuid is null or id = $2)
           and ($7::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $7 and g.tenant_id = tenants.id))
           and state = any($3)",
        id.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        from,
        to,
        reason,
        now,
        scope.technician(),
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

pub(super) async fn lead_days(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<i16>, sqlx::Error> {
    let found = sqlx::query_scalar!(
        "select expiring_lead_days from tenants where id = $1 and ($2::uuid is null or id = $2)
          and ($3::uuid is null or exists (select from technician_tenants g
            where g.technician_id = $3 and g.tenant_id = tenants.id))",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await?;
    Ok(found.flatten())
}

pub(super) async fn set_lead_days(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    days: Option<i16>,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let touched = sqlx::query!(
        "update tenants set expiring_lead_days = $3, updated_at = $4
         where id = $1 and ($2::uuid is null or id = $2)
           and ($5::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $5 and g.tenant_id = tenants.id))
           and state <> 'archived'",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        days,
        now,
        scope.technician(),
    )
    .execute(op.db())
    .await?;
    Ok(touched.rows_affected() == 1)
}
