//! SQL of files of tenants: many at once.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::Row;
use super::list::push_filter;
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::Tenant;
use crate::domain::tenant::input::NewTenant;
use crate::domain::tenant::list::Filter;
use crate::storage::TenantId;

/// The tenants with these short names that the scope reaches, archived ones included.
pub(in crate::domain::tenant) async fn find_many(
    op: &mut Op,
    scope: Scope,
    names: &[String],
) -> Result<Vec<Tenant>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id, short_name, full_name, domain, invitation_email, admin_username, entra_tenant_id, state, state_reason,
             state_since, created_at, updated_at,
             array(select tag from tenant_tags g where g.tenant_id = t.id order by tag) as "tags!",
             array(select resource from tenant_resources r where r.tenant_id = t.id order by resource) as "resources!",
             array(select required from tenant_resources r where r.tenant_id = t.id order by resource) as "required!"
           from tenants t
           where short_name = any($1) and ($2::uuid is null or id = $2)
             and ($3::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $3 and g.tenant_id = t.id))"#,
        names,
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(Tenant::try_from)
        .collect::<Result<_, _>>()?)
}

/// The next tenants by short name, whole, after the one named.
pub(in crate::domain::tenant) async fn whole(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    after: &str,
    limit: i64,
) -> Result<Vec<Tenant>, sqlx::Error> {
    let mut query = QueryBuilder::new(
        "select t.id, t.short_name, t.full_name, t.domain, t.invitation_email, t.admin_username, t.entra_tenant_id, t.state,
           t.state_reason, t.state_since, t.created_at, t.updated_at, k.tags,
           array(select resource from tenant_resources r where r.tenant_id = t.id order by resource) as resources,
           array(select required from tenant_resources r where r.tenant_id = t.id order by resource) as required
         from tenants t join ",
    );
    query
        .push(scope.relation("tenant_status"))
        .push(" k on k.tenant_id = t.id where t.state = any(")
        .push_bind(filter.shown.states())
        .push(") and t.short_name > ")
        .push_bind(after.to_owned());
    push_filter(&mut query, scope, filter);
    query.push(" order by t.short_name limit ").push_bind(limit);
    let rows: Vec<Row> = query.build_query_as().fetch_all(op.db()).await?;
    Ok(rows
        .into_iter()
        .map(Tenant::try_from)
        .collect::<Result<_, _>>()?)
}

pub(in crate::domain::tenant) async fn insert_many(
    op: &mut Op,
    tenants: &[(TenantId, &NewTenant)],
) -> Result<(), sqlx::Error> {
    if tenants.is_empty() {
        return Ok(());
    }
    let now = op.now();
    let texts = Texts::of(tenants);
    sqlx::query!(
        "insert into tenants (id, short_name, full_name, domain, invitation_email, admin_username, state_since, created_at, updated_at)
         select s.id, s.short_name, s.full_name, s.domain, s.email, s.admin, $7, $7, $7
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
           as s (id, short_name, full_name, domain, email, admin)",
        &texts.ids,
        &texts.short_names,
        &texts.full_names,
        &texts.domains,
        &texts.emails,
        &texts.admins,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// How many were still as they were read.
pub(in crate::domain::tenant) async fn update_many(
    op: &mut Op,
    scope: Scope,
    tenants: &[(&Tenant, &NewTenant)],
) -> Result<u64, sqlx::Error> {
    if tenants.is_empty() {
        return Ok(0);
    }
    let now = op.now();
    let after: Vec<_> = tenants
        .iter()
        .map(|(before, after)| (before.id, *after))
        .collect();
    let texts = Texts::of(&after);
    let versions: Vec<_> = tenants
        .iter()
        .map(|(before, _)| before.updated_at)
        .collect();
    let done = sqlx::query!(
        "update tenants set full_name = s.full_name, domain = s.domain, invitation_email = s.email,
           admin_username = s.admin, updated_at = $7
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
           as s (id, full_name, domain, email, admin, version)
         where tenants.id = s.id and tenants.updated_at = s.version
           and ($8::uuid is null or tenants.id = $8)
           and ($9::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $9 and g.tenant_id = tenants.id))",
        &texts.ids,
        &texts.full_names,
        &texts.domains,
        &texts.emails,
        &texts.admins,
        &versions,
        now,
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}

/// Write tags anew; the caller has made sure that the tenants are within scope.
pub(in crate::domain::tenant) async fn replace_tags(
    op: &mut Op,
    tenants: &[(TenantId, &NewTenant)],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = tenants.iter().map(|(id, _)| id.as_uuid()).collect();
    let (mut owners, mut tags) = (Vec::new(), Vec::new());
    for (id, tenant) in tenants {
        for tag in &tenant.tags {
            owners.push(id.as_uuid());
            tags.push(tag.clone());
        }
    }
    // What stays is left alone: by its tags people are granted a tenant.
    sqlx::query!(
        "delete from tenant_tags where tenant_id = any($1)
           and (tenant_id, tag) not in (select * from unnest($2::uuid[], $3::text[]))",
        &ids,
        &owners,
        &tags,
    )
    .execute(op.db())
    .await?;
    sqlx::query!(
        "insert into tenant_tags (tenant_id, tag) select * from unnest($1::uuid[], $2::text[]) on conflict do nothing",
        &owners,
        &tags,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// The same for resource sets.
pub(in crate::domain::tenant) async fn replace_resources(
    op: &mut Op,
    tenants: &[(TenantId, &NewTenant)],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = tenants.iter().map(|(id, _)| id.as_uuid()).collect();
    let (mut owners, mut words, mut required) = (Vec::new(), Vec::new(), Vec::new());
    for (id, tenant) in tenants {
        for entry in &tenant.resources {
            owners.push(id.as_uuid());
            words.push(entry.resource.as_str().to_owned());
            required.push(entry.required);
        }
    }
    sqlx::query!(
        "delete from tenant_resources where tenant_id = any($1)",
        &ids
    )
    .execute(op.db())
    .await?;
    sqlx::query!(
        "insert into tenant_resources (tenant_id, resource, required) select * from unnest($1::uuid[], $2::text[], $3::bool[])",
        &owners,
        &words,
        &required,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Columns for `unnest`.
#[derive(Default)]
struct Texts {
    ids: Vec<Uuid>,
    short_names: Vec<String>,
    full_names: Vec<String>,
    domains: Vec<String>,
    emails: Vec<String>,
    admins: Vec<String>,
}

impl Texts {
    fn of(tenants: &[(TenantId, &NewTenant)]) -> Self {
        let mut texts = Self::default();
        for (id, tenant) in tenants {
            texts.ids.push(id.as_uuid());
            texts.short_names.push(tenant.short_name.to_string());
            texts.full_names.push(tenant.full_name.clone());
            texts.domains.push(tenant.domain.clone());
            texts.emails.push(tenant.invitation_email.clone());
            texts.admins.push(tenant.admin_username.clone());
        }
        texts
    }
}
