//! SQL of recorded errors: pages by id, one entry, whole months. What the filter means stands in `filter`; equal errors are
//! in `folds`.

mod filter;
pub(super) mod folds;

use sqlx::{FromRow, QueryBuilder};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{Dropped, Filter, From, MsalError, Row};
use crate::domain::diagnosis::Category;
use crate::domain::op::{Op, Scope};
use crate::storage::MsalErrorId;

/// What a line of a list needs, of `msal_errors e` and `tenants t`.
const LINE: &str = "e.id, e.at, e.tenant_id, t.short_name, t.full_name, e.resource, e.operation, e.code, e.category, e.message, \
   e.correlation_id";
/// What its page needs besides.
const REST: &str = ", e.connection_id, e.http_status, e.error, e.suberror, e.codes, e.class, e.raw, e.trace_id, e.answered_at";

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

#[derive(FromRow)]
struct WholeRow {
    #[sqlx(flatten)]
    line: ErrorRow,
    connection_id: Option<Uuid>,
    http_status: Option<i32>,
    error: String,
    suberror: String,
    codes: Vec<i32>,
    class: String,
    raw: String,
    trace_id: String,
    answered_at: String,
}

impl std::convert::From<WholeRow> for MsalError {
    fn from(row: WholeRow) -> Self {
        Self {
            row: row.line.into(),
            connection_id: row.connection_id.map(Into::into),
            http_status: row.http_status,
            error: row.error,
            suberror: row.suberror,
            codes: row.codes,
            class: row.class,
            raw: row.raw,
            trace_id: row.trace_id,
            answered_at: row.answered_at,
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
    let plan = filter::Plan::of(op, scope, filter).await?;
    let mut query = QueryBuilder::new("select ");
    query.push(LINE).push(" from ");
    plan.push(&mut query, from, limit);
    query.push(" join tenants t on t.id = e.tenant_id");
    filter::push_order(&mut query, "e.id", from, limit);
    let rows: Vec<ErrorRow> = query.build_query_as().fetch_all(op.db()).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(super) async fn whole(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    from: From,
    limit: i64,
) -> Result<Vec<MsalError>, sqlx::Error> {
    let plan = filter::Plan::of(op, scope, filter).await?;
    let mut query = QueryBuilder::new("select ");
    query.push(LINE).push(REST).push(" from ");
    plan.push(&mut query, from, limit);
    query.push(" join tenants t on t.id = e.tenant_id");
    filter::push_order(&mut query, "e.id", from, limit);
    let rows: Vec<WholeRow> = query.build_query_as().fetch_all(op.db()).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(super) async fn find(
    op: &mut Op,
    scope: Scope,
    id: MsalErrorId,
) -> Result<Option<MsalError>, sqlx::Error> {
    let mut query = QueryBuilder::new("select ");
    query
        .push(LINE)
        .push(REST)
        .push(" from msal_errors e join tenants t on t.id = e.tenant_id where e.id = ")
        .push_bind(id.0);
    scope.push(&mut query, "e.tenant_id");
    let row: Option<WholeRow> = query.build_query_as().fetch_optional(op.db()).await?;
    Ok(row.map(Into::into))
}

pub(super) async fn drop_before(op: &mut Op, before: Date) -> Result<Dropped, sqlx::Error> {
    sqlx::query_as!(
        Dropped,
        r#"select months as "months!", errors as "errors!" from drop_msal_errors_before($1)"#,
        before
    )
    .fetch_one(op.db())
    .await
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
