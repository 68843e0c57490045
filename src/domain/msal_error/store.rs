//! SQL of recorded errors: pages by id, one entry.

use sqlx::{FromRow, Postgres, QueryBuilder};
use time::Date;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Filter, From, MsalError, Row, as_uuid};
use crate::domain::diagnosis::Category;
use crate::domain::op::{Op, Scope};
use crate::storage::{MsalErrorId, TenantId};

#[derive(FromRow)]
struct ErrorRow {
    id: i64,
    at: OffsetDateTime,
    tenant_id: Uuid,
    short_name: String,
    full_name: String,
    resource: String,
    operation: String,
    code: Option<i32>,
    category: String,
    message: String,
    correlation_id: String,
}

impl std::convert::From<ErrorRow> for Row {
    fn from(row: ErrorRow) -> Self {
        Self {
            id: MsalErrorId(row.id),
            at: row.at,
            tenant_id: row.tenant_id.into(),
            short_name: row.short_name,
            full_name: row.full_name,
            resource: row.resource,
            operation: row.operation,
            code: row.code,
            // A record outlives the catalogue it was read with.
            cause: row.category.parse().unwrap_or(Category::Unknown),
            message: row.message,
            correlation_id: row.correlation_id,
        }
    }
}

pub(super) async fn rows(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    from: From,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    let mut query = QueryBuilder::new(
        "select e.id, e.at, e.tenant_id, t.short_name, t.full_name, e.resource, e.operation, e.code, e.category,
           e.message, e.correlation_id
         from msal_errors e join tenants t on t.id = e.tenant_id where true",
    );
    if let Some(tenant) = scope.tenant() {
        query
            .push(" and e.tenant_id = ")
            .push_bind(tenant.as_uuid());
    }
    push_filter(&mut query, filter);
    let order = match from {
        From::Newest => " order by e.id desc limit ",
        From::OlderThan(id) => {
            query.push(" and e.id < ").push_bind(id.0);
            " order by e.id desc limit "
        }
        From::NewerThan(id) => {
            query.push(" and e.id > ").push_bind(id.0);
            " order by e.id limit "
        }
    };
    query.push(order).push_bind(limit);
    let rows = query
        .build_query_as::<ErrorRow>()
        .fetch_all(op.db())
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    if let Some(tenant) = filter.tenant {
        query
            .push(" and e.tenant_id = ")
            .push_bind(tenant.as_uuid());
    }
    if let Some(resource) = &filter.resource {
        query.push(" and e.resource = ").push_bind(resource.clone());
    }
    if let Some(code) = filter.code {
        query.push(" and e.code = ").push_bind(code);
    }
    if let Some(cause) = filter.cause {
        query.push(" and e.category = ").push_bind(cause.as_str());
    }
    if let Some(from) = filter.from {
        query.push(" and e.at >= ").push_bind(from);
    }
    if let Some(until) = filter.until {
        query.push(" and e.at < ").push_bind(until);
    }
    push_search(query, &filter.search);
}

/// A whole UUID is looked for among the ids, everything else anywhere in message, error names and ids.
fn push_search(query: &mut QueryBuilder<Postgres>, search: &str) {
    if search.is_empty() {
        return;
    }
    if let Some(id) = as_uuid(search) {
        query
            .push(" and (e.correlation_id = ")
            .push_bind(id.to_string())
            .push(" or e.trace_id = ")
            .push_bind(id.to_string())
            .push(" or e.connection_id = ")
            .push_bind(id)
            .push(" or e.raw ilike ")
            .push_bind(format!("%{id}%"))
            .push(")");
        return;
    }
    query
        .push(" and (position(lower(")
        .push_bind(search.to_owned())
        .push(
            ") in lower(concat_ws(' ', e.message, e.error, e.suberror, e.operation, e.correlation_id, e.trace_id))) > 0",
        );
    if let Ok(id) = search.parse::<i64>() {
        query.push(" or e.id = ").push_bind(id);
    }
    query.push(")");
}

pub(super) async fn find(
    op: &mut Op,
    scope: Scope,
    id: MsalErrorId,
) -> Result<Option<MsalError>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select e.id, e.at, e.tenant_id, t.short_name, t.full_name, e.resource, e.operation, e.code, e.category,
             e.message, e.correlation_id, e.connection_id, e.http_status, e.error, e.suberror, e.codes, e.class, e.raw,
             e.trace_id, e.answered_at
           from msal_errors e join tenants t on t.id = e.tenant_id
           where e.id = $1 and ($2::uuid is null or e.tenant_id = $2)"#,
        id.0,
        scope.tenant().map(TenantId::as_uuid),
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(|row| MsalError {
        connection_id: row.connection_id.map(Into::into),
        http_status: row.http_status,
        error: row.error,
        suberror: row.suberror,
        codes: row.codes,
        class: row.class,
        raw: row.raw,
        trace_id: row.trace_id,
        answered_at: row.answered_at,
        row: ErrorRow {
            id: row.id,
            at: row.at,
            tenant_id: row.tenant_id,
            short_name: row.short_name,
            full_name: row.full_name,
            resource: row.resource,
            operation: row.operation,
            code: row.code,
            category: row.category,
            message: row.message,
            correlation_id: row.correlation_id,
        }
        .into(),
    }))
}

pub(super) async fn ensure_partitions(
    op: &mut Op,
    since: Date,
    until: Date,
) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select ensure_msal_error_partitions($1, $2) as "made!""#,
        since,
        until
    )
    .fetch_one(op.db())
    .await
}
