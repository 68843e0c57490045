//! `msal_error_folds`: equal errors as one.

use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;

use super::{ErrorRow, LINE, filter};
use crate::domain::msal_error::{Alike, Filter, Fold, From, MsalError};
use crate::domain::op::{Op, Scope};
use crate::storage::{MsalErrorId, TenantId};

#[derive(FromRow)]
struct FoldRow {
    #[sqlx(flatten)]
    last: ErrorRow,
    errors: i64,
    fold_codes: Vec<i32>,
    first_id: i64,
    first_at: OffsetDateTime,
}

impl std::convert::From<FoldRow> for Fold {
    fn from(row: FoldRow) -> Self {
        Self {
            last: row.last.into(),
            errors: row.errors,
            codes: row.fold_codes,
            first_id: MsalErrorId(row.first_id),
            first_at: row.first_at,
        }
    }
}

/// What a line needs of equal errors and of the last of them.
fn select() -> QueryBuilder<sqlx::Postgres> {
    let mut query = QueryBuilder::new("select ");
    query
        .push(LINE)
        .push(", f.errors, f.codes as fold_codes, f.first_id, f.first_at from ");
    query
}

const LAST: &str =
    " join msal_errors e on e.tenant_id = f.tenant_id and e.id = f.last_id and e.at = f.last_at
   join tenants t on t.id = f.tenant_id";

pub async fn page(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    from: From,
    limit: i64,
) -> Result<Vec<Fold>, sqlx::Error> {
    let mut query = select();
    // The page first: only its own last errors are looked up.
    query
        .push("(select f.* from ")
        .push(scope.relation("msal_error_folds"))
        .push(" f where true");
    scope.push_for(&mut query, "f");
    filter::push_tenant(&mut query, "f.tenant_id", filter);
    if let Some(resource) = &filter.resource {
        query.push(" and f.resource = ").push_bind(resource.clone());
    }
    if let Some(cause) = filter.cause {
        query.push(" and f.category = ").push_bind(cause.as_str());
    }
    if let Some(code) = filter.code {
        query.push(" and f.codes @> ").push_bind(vec![code]);
    }
    if let Some(from) = filter.from {
        query.push(" and f.last_at >= ").push_bind(from);
    }
    if let Some(until) = filter.until {
        query.push(" and f.first_at < ").push_bind(until);
    }
    filter::push_place(&mut query, "f.last_id", from, limit);
    query.push(") f").push(LAST);
    filter::push_order(&mut query, "f.last_id", from, limit);
    let rows: Vec<FoldRow> = query.build_query_as().fetch_all(op.db()).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub async fn of(op: &mut Op, scope: Scope, error: &MsalError) -> Result<Option<Fold>, sqlx::Error> {
    let mut query = select();
    query
        .push("msal_error_folds f")
        .push(LAST)
        .push(" where true");
    scope.push(&mut query, "f.tenant_id");
    query
        .push(" and f.tenant_id = ")
        .push_bind(error.row.tenant_id.as_uuid())
        .push(" and f.category = ")
        .push_bind(error.row.cause.as_str())
        .push(" and f.resource = ")
        .push_bind(error.row.resource.clone());
    let row: Option<FoldRow> = query.build_query_as().fetch_optional(op.db()).await?;
    Ok(row.map(Into::into))
}

pub async fn alike(
    op: &mut Op,
    scope: Scope,
    error: &MsalError,
    limit: i64,
) -> Result<Vec<Alike>, sqlx::Error> {
    sqlx::query_as!(
        Alike,
        r#"select f.tenant_id as "tenant_id: TenantId", t.short_name, t.full_name, f.resource, f.errors,
             f.last_id as "last_id: MsalErrorId", f.last_at
           from msal_error_folds f join tenants t on t.id = f.tenant_id
           where f.category = $1 and ($2::integer is null or f.codes @> array[$2]) and f.tenant_id <> $3
             and ($4::uuid is null or f.tenant_id = $4)
               and ($6::uuid is null or exists (select from technician_tenants g
                 where g.technician_id = $6 and g.tenant_id = f.tenant_id))
           order by f.last_id desc limit $5"#,
        error.row.cause.as_str(),
        error.row.code,
        error.row.tenant_id.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        limit,
        scope.technician(),
    )
    .fetch_all(op.db())
    .await
}
