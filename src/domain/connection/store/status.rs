//! Queries over `tenant_status`, where the SQL function `authentication_status` is kept row by row.

use sqlx::{FromRow, PgPool, Postgres, QueryBuilder};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::connection::status::{LastError, Row};
use crate::domain::connection::status_filter::{Filter, ModeFilter};
use crate::domain::connection::status_order::Sort;
use crate::domain::diagnosis::Category;
use crate::domain::op::{Op, Scope};
use crate::domain::place::{Cursor, Place, Slice};
use crate::storage::{self, Inconsistent, MsalErrorId, TenantId};

use super::order::{Key, key};

/// Rows settled in one statement; as in the migration.
const SETTLED_AT_ONCE: i32 = 1000;

#[derive(FromRow)]
struct StatusRow {
    tenant_id: Uuid,
    short_name: String,
    full_name: String,
    domain: String,
    admin: String,
    connection_id: Option<Uuid>,
    connection_state: Option<String>,
    mode: Option<String>,
    state: String,
    since: OffsetDateTime,
    cause: Option<String>,
    pending_reason: Option<String>,
    suspended_reason: Option<String>,
    expires_at: Option<OffsetDateTime>,
    expires_reason: Option<String>,
    last_ok_at: Option<OffsetDateTime>,
    last_error_at: Option<OffsetDateTime>,
    last_error_id: Option<i64>,
    last_error_code: Option<i32>,
    tokens_valid: i32,
    tokens_total: i32,
    open_invitation_id: Option<Uuid>,
    tags: Vec<String>,
    snoozed_until: Option<OffsetDateTime>,
    snoozed_reason: Option<String>,
    permissions_lacking: i32,
    /// What the page is ordered by; empty where that does not matter.
    key: String,
}

impl TryFrom<StatusRow> for Row {
    type Error = Inconsistent;

    fn try_from(row: StatusRow) -> Result<Self, Inconsistent> {
        let id = row.tenant_id;
        let wrong = |column| Inconsistent::new("tenant_status", column, id);
        let connection = match row.connection_id.zip(row.mode) {
            Some((id, mode)) => Some((id.into(), mode.parse().map_err(|_| wrong("mode"))?)),
            None => None,
        };
        let expires = match row.expires_at.zip(row.expires_reason) {
            Some((at, why)) => Some((at, why.parse().map_err(|_| wrong("expires_reason"))?)),
            None => None,
        };
        Ok(Self {
            tenant_id: id.into(),
            short_name: row.short_name,
            full_name: row.full_name,
            domain: row.domain,
            admin: row.admin,
            connection,
            state: row.state.parse().map_err(|_| wrong("state"))?,
            since: row.since,
            cause: category(row.cause).map_err(|()| wrong("cause"))?,
            quarantined: row.connection_state.as_deref() == Some("quarantined"),
            pending: row
                .pending_reason
                .map(|word| word.parse())
                .transpose()
                .map_err(|_| wrong("pending_reason"))?,
            suspended_reason: row.suspended_reason.unwrap_or_default(),
            expires,
            last_ok_at: row.last_ok_at,
            last_error: row.last_error_id.map(|id| LastError {
                id: MsalErrorId(id),
                at: row.last_error_at,
                code: row.last_error_code,
            }),
            tokens_valid: row.tokens_valid,
            tokens_total: row.tokens_total,
            open_invitation: row.open_invitation_id.map(Into::into),
            tags: row.tags,
            snoozed: row
                .snoozed_until
                .map(|until| (until, row.snoozed_reason.unwrap_or_default())),
            permissions_lacking: row.permissions_lacking,
        })
    }
}

/// A stored cause; the keeper writes words of the catalogue only.
pub(super) fn category(word: Option<String>) -> Result<Option<Category>, ()> {
    word.map(|word| word.parse()).transpose().map_err(|_| ())
}

/// The columns of a row. What every refresh moves on is read from the connection itself.
const COLUMNS: &str = "k.tenant_id, k.short_name, k.full_name, k.domain, k.admin, k.connection_id, k.connection_state, k.mode,
  k.state, k.since, k.cause, k.pending_reason, k.suspended_reason, c.expires_at, c.expires_reason, c.last_ok_at,
  k.last_error_at, k.last_error_id, k.last_error_code, k.tokens_valid, k.tokens_total, k.open_invitation_id, k.tags,
  k.snoozed_until, k.snoozed_reason, k.permissions_lacking";
/// Where the columns come from: `limit 1` keeps the look at connections to an index read per row, however many there are.
const ROWS: &str = " k where k.state <> 'archived'";
const CONNECTION: &str =
    " left join lateral (select expires_at, expires_reason, last_ok_at from connections
    where tenant_id = k.tenant_id and id = k.connection_id limit 1) c on true";

/// One page, found by the row it begins after or ends before.
pub async fn page(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    sort: Sort,
    place: &Place,
    limit: i64,
) -> Result<Slice<Row>, sqlx::Error> {
    let key = key(sort);
    let place = match place {
        Place::After(cursor) | Place::Before(cursor) if !key.kind.reads(&cursor.key) => {
            &Place::First
        }
        place => place,
    };
    let backwards = matches!(place, Place::Before(_));
    let descending = sort.descending != backwards;
    let direction = if descending { " desc" } else { "" };
    let push_order = |query: &mut QueryBuilder<Postgres>| {
        query
            .push(" order by ")
            .push(key.expression)
            .push(direction);
        query.push(", k.short_name").push(direction);
    };
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(", k.key from (select k.*, (");
    query.push(key.expression).push(")::text as key");
    push_rows(&mut query, scope);
    scope.push_for(&mut query, "k");
    push_filter(&mut query, filter);
    if let Some(state) = filter.state {
        query.push(" and k.state = ").push_bind(state.as_str());
    }
    if let Place::After(cursor) | Place::Before(cursor) = place {
        push_cursor(&mut query, key, cursor, descending);
    }
    push_order(&mut query);
    // As a number and not as a parameter: so the plan without filters can be kept instead of made at each page.
    query
        .push(" limit ")
        .push(limit + 1)
        .push(") k")
        .push(CONNECTION);
    push_order(&mut query);
    let found = query
        .build_query_as::<StatusRow>()
        .fetch_all(op.db())
        .await?;
    let slice = Slice::new(found, place, limit, |row| Cursor {
        short_name: row.short_name.clone(),
        key: row.key.clone(),
    });
    Ok(Slice {
        rows: rows(slice.rows)?,
        before: slice.before,
        after: slice.after,
    })
}

fn push_rows(query: &mut QueryBuilder<Postgres>, scope: Scope) {
    query
        .push(" from ")
        .push(scope.relation("tenant_status"))
        .push(ROWS);
}

fn push_cursor(query: &mut QueryBuilder<Postgres>, key: Key, cursor: &Cursor, descending: bool) {
    query
        .push(" and (")
        .push(key.expression)
        .push(", k.short_name) ")
        .push(if descending { "<" } else { ">" })
        .push(" (")
        .push_bind(cursor.key.clone())
        .push("::text::")
        .push(key.cast)
        .push(", ")
        .push_bind(cursor.short_name.clone())
        .push(")");
}

pub async fn rows_of(
    op: &mut Op,
    scope: Scope,
    tenants: &[TenantId],
) -> Result<Vec<Row>, sqlx::Error> {
    settle(op).await?;
    let ids: Vec<Uuid> = tenants.iter().map(|id| id.as_uuid()).collect();
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(", '' as key from (select k.*");
    push_rows(&mut query, scope);
    scope.push_for(&mut query, "k");
    query
        .push(" and k.tenant_id = any(")
        .push_bind(ids)
        .push(")) k")
        .push(CONNECTION);
    rows(
        query
            .build_query_as::<StatusRow>()
            .fetch_all(op.db())
            .await?,
    )
}

fn rows(found: Vec<StatusRow>) -> Result<Vec<Row>, sqlx::Error> {
    found
        .into_iter()
        .map(|row| Ok(Row::try_from(row)?))
        .collect()
}

/// Settle what time alone has changed and the worker has not come to yet. The reader's transaction ends without a commit, so
/// nothing is written by looking.
pub(super) async fn settle(op: &mut Op) -> Result<(), sqlx::Error> {
    let now = op.now();
    loop {
        let settled = sqlx::query_scalar!(
            r#"select settle_due_status($1) as "settled!" where (select min(changes_at) from tenant_status) <= $1"#,
            now,
        )
        .fetch_optional(op.db())
        .await?;
        if settled.is_none_or(|settled| settled < SETTLED_AT_ONCE) {
            return Ok(());
        }
    }
}

pub async fn keep(pool: &PgPool, now: OffsetDateTime) -> Result<u64, sqlx::Error> {
    sqlx::query!("select set_status_clock($1)", now)
        .execute(pool)
        .await?;
    let mut all = 0;
    loop {
        let settled = sqlx::query_scalar!(r#"select settle_due_status($1) as "settled!""#, now)
            .fetch_one(pool)
            .await?;
        all += u64::try_from(settled).unwrap_or(0);
        if settled < SETTLED_AT_ONCE {
            break;
        }
    }
    sqlx::query_scalar!("select fold_status_counts()")
        .fetch_one(pool)
        .await?;
    Ok(all)
}

pub async fn freshen(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select freshen_tenant_status() as "rows!""#)
        .fetch_one(pool)
        .await
}

/// Every filter but that of the state.
pub(super) fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    if let Some(cause) = filter.cause {
        query.push(" and k.cause = ").push_bind(cause.as_str());
    }
    if let Some(mode) = filter.mode {
        query
            .push(" and coalesce(k.mode, 'none') = ")
            .push_bind(ModeFilter::as_str(mode));
    }
    if let Some(tag) = &filter.tag {
        query
            .push(" and k.tags @> array[")
            .push_bind(tag.clone())
            .push("]");
    }
    match filter.snoozed {
        Some(true) => {
            query.push(" and k.snoozed_until is not null");
        }
        Some(false) => {
            query.push(" and k.snoozed_until is null");
        }
        None => {}
    }
    match filter.lacking {
        Some(true) => {
            query.push(" and k.permissions_lacking > 0");
        }
        Some(false) => {
            query.push(" and k.permissions_lacking = 0");
        }
        None => {}
    }
    if let Some(day) = filter.lapses_on {
        query.push(" and k.lapses_on = ").push_bind(day);
    }
    if !filter.search.is_empty() {
        query
            .push(" and k.search like lower(")
            .push_bind(storage::search_pattern(&filter.search))
            .push(")");
    }
}
