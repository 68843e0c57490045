//! `msal_errors` and `entra_calls`: every failure answer whole, and every call.

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;

use crate::entra::{CallRecord, Failure};
use crate::keeper::reading::Reading;
use crate::keeper::resource::Resource;
use crate::storage::{ConnectionId, FlowId, TenantId};

/// Whose call it was.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    pub tenant_id: TenantId,
    pub connection_id: Option<ConnectionId>,
    pub flow_id: Option<FlowId>,
    pub resource: Option<Resource>,
}

/// A recorded failure, as other rows refer to it.
#[derive(Clone, Debug)]
pub struct Noted {
    pub id: i64,
    pub at: OffsetDateTime,
    pub code: Option<i32>,
    /// Of the catalogue.
    pub category: String,
}

/// Keep a failure answer whole; gives it its number.
pub async fn insert_error(
    tx: &mut PgConnection,
    subject: &Subject,
    operation: &str,
    failure: &Failure,
    reading: &Reading,
    class: &str,
    at: OffsetDateTime,
) -> sqlx::Result<Noted> {
    let codes: Vec<i32> = failure
        .codes
        .iter()
        .filter_map(|code| i32::try_from(*code).ok())
        .collect();
    let id = sqlx::query_scalar!(
        "insert into msal_errors (tenant_id, at, connection_id, flow_id, resource, operation, http_status, error, suberror,
           codes, code, category, class, message, raw, trace_id, correlation_id, answered_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) returning id",
        subject.tenant_id.as_uuid(),
        at,
        subject.connection_id.map(ConnectionId::as_uuid),
        subject.flow_id.map(FlowId::as_uuid),
        subject.resource.map_or("", Resource::as_str),
        operation,
        failure.http_status.map(i32::from),
        storable(failure.error.as_deref().unwrap_or_default()),
        storable(failure.suberror.as_deref().unwrap_or_default()),
        &codes,
        reading.code,
        reading.category,
        class,
        storable(&reading.message),
        storable(&failure.raw),
        storable(failure.trace_id.as_deref().unwrap_or_default()),
        storable(failure.correlation_id.as_deref().unwrap_or_default()),
        storable(failure.timestamp.as_deref().unwrap_or_default())
    )
    .fetch_one(tx)
    .await?;
    Ok(Noted {
        id,
        at,
        code: reading.code,
        category: reading.category.clone(),
    })
}

/// Keep that a call was made.
pub async fn insert_call(
    db: impl PgExecutor<'_>,
    subject: &Subject,
    call: &CallRecord,
    outcome: &str,
    error_id: Option<i64>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into entra_calls (tenant_id, at, connection_id, operation, resource, http_status, outcome, duration_ms,
           correlation_id, trace_id, error_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        subject.tenant_id.as_uuid(),
        call.started_at,
        subject.connection_id.map(ConnectionId::as_uuid),
        call.operation.as_str(),
        subject.resource.map_or("", Resource::as_str),
        call.http_status.map(i32::from),
        outcome,
        i32::try_from(call.duration.as_millis()).unwrap_or(i32::MAX),
        call.correlation_id,
        storable(call.trace_id.as_deref().unwrap_or_default()),
        error_id
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Months around now get a partition of their own.
pub async fn ensure_partitions(db: impl PgExecutor<'_>, now: OffsetDateTime) -> sqlx::Result<()> {
    sqlx::query!(
        "select ensure_msal_error_partitions($1, $2)",
        (now - time::Duration::days(31)).date(),
        (now + time::Duration::days(62)).date()
    )
    .fetch_one(db)
    .await?;
    Ok(())
}

/// Postgres stores no NUL in a text; an answer may hold one.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
