//! Good answers into the tables, as many as there are in one statement: the refresh token by comparing its version, the
//! access token, the connection's standing, the schedule, the calls and the audit entries; all of one answer or nothing
//! of it.

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use super::schedule::LEASE_S;
use super::secrets::NewSecret;
use super::tokens::NewToken;
use crate::entra::CallRecord;
use crate::keeper::refresh::Decision;
use crate::keeper::resource::Resource;
use crate::storage::{ConnectionId, TenantId};

/// One good answer, sealed.
pub struct Success {
    pub tenant_id: TenantId,
    pub connection_id: ConnectionId,
    /// The row's version that the grant was opened from; zero for app-only connections, which have none.
    pub version: i64,
    /// The next refresh token; none when the answer held none.
    pub secret: Option<NewSecret>,
    /// It was the token before that worked: it stays the previous one.
    pub by_previous: bool,
    pub app_only: bool,
    pub resource: Resource,
    pub token: NewToken,
    pub decision: Decision,
    /// When the authorisation lapses by itself, and why.
    pub lapse: Option<(OffsetDateTime, &'static str)>,
    pub lease_id: Uuid,
    /// Nothing more is asked for in this run: the lease is given back.
    pub last: bool,
    pub at: OffsetDateTime,
    /// The calls that worked.
    pub calls: Vec<CallRecord>,
}

/// An answer that was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Place in the list given.
    pub place: usize,
    /// The claim is still ours.
    pub leased: bool,
}

/// Store what fits; an answer that is missing in the result did not fit: its version moved, or its row is gone.
pub async fn insert(db: impl PgExecutor<'_>, rows: &[&Success]) -> sqlx::Result<Vec<Accepted>> {
    let ids: Vec<i32> = (0..).take(rows.len()).collect();
    let calls: Vec<(i32, &CallRecord)> = ids
        .iter()
        .zip(rows)
        .flat_map(|(id, row)| row.calls.iter().map(|call| (*id, call)))
        .collect();
    let stored = sqlx::query_file!(
        "src/keeper/store/store_successes.sql",
        &ids,
        &column(rows, |row| row.tenant_id.as_uuid()),
        &column(rows, |row| row.connection_id.as_uuid()),
        &column(rows, |row| row.version),
        &column(rows, |row| secret(row, |new| &new.ct)) as &[&[u8]],
        &column(rows, |row| secret(row, |new| &new.fingerprint)) as &[&[u8]],
        &column(rows, |row| row.by_previous),
        &column(rows, |row| row.app_only),
        &column(rows, |row| row.resource.as_str()) as &[&str],
        &column(rows, |row| row.token.ct.as_slice()) as &[&[u8]],
        &column(rows, |row| row.token.scopes.join(" ")),
        &column(rows, |row| row.token.acquired_at),
        &column(rows, |row| row.token.expires_at),
        &column(rows, |row| row.decision.state.as_str()) as &[&str],
        &column(rows, |row| row.decision.suspect_checks),
        &column(rows, |row| row.decision.trouble_since) as &[Option<OffsetDateTime>],
        &column(rows, |row| row.decision.next_refresh_at),
        &column(rows, |row| row.lapse.map(|lapse| lapse.0)) as &[Option<OffsetDateTime>],
        &column(rows, |row| row.lapse.map(|lapse| lapse.1)) as &[Option<&str>],
        &column(rows, |row| row.lease_id),
        &column(rows, |row| row.last),
        &column(rows, |row| row.at),
        LEASE_S,
        &column(&calls, |(id, _)| *id),
        &column(&calls, |(_, call)| call.started_at),
        &column(&calls, |(_, call)| call.operation.as_str()) as &[&str],
        &column(&calls, |(_, call)| call.http_status.map(i32::from)) as &[Option<i32>],
        &column(&calls, |(_, call)| milliseconds(call)),
        &column(&calls, |(_, call)| call.correlation_id),
        &column(&calls, |(_, call)| call
            .trace_id
            .as_deref()
            .unwrap_or_default()) as &[&str],
    )
    .fetch_all(db)
    .await?;
    Ok(stored
        .iter()
        .filter_map(|row| {
            let place = usize::try_from(row.ord).ok()?;
            Some(Accepted {
                place,
                leased: row.leased,
            })
        })
        .collect())
}

fn column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

/// A column of the new refresh token; empty when there is none.
fn secret(row: &Success, of: fn(&NewSecret) -> &Vec<u8>) -> &[u8] {
    row.secret.as_ref().map_or(&[], |new| of(new))
}

fn milliseconds(call: &CallRecord) -> i32 {
    i32::try_from(call.duration.as_millis()).unwrap_or(i32::MAX)
}
