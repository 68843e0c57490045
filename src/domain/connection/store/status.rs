//! Queries over the SQL function `authentication_status`, which alone decides the state.

use std::collections::BTreeMap;

use sqlx::{FromRow, Postgres, QueryBuilder};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::connection::state::ShownState;
use crate::domain::connection::status::{Column, Filter, LastError, ModeFilter, Row, Sort};
use crate::domain::diagnosis::Category;
use crate::domain::op::{Op, Scope};
use crate::storage::{self, Inconsistent, MsalErrorId, TenantId};

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
}

impl TryFrom<StatusRow> for Row {
    type Error = Inconsistent;

    fn try_from(row: StatusRow) -> Result<Self, Inconsistent> {
        let id = row.tenant_id;
        let wrong = |column| Inconsistent::new("authentication_status", column, id);
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
        })
    }
}

/// A stored cause; the keeper writes words of the catalogue only.
pub(super) fn category(word: Option<String>) -> Result<Option<Category>, ()> {
    word.map(|word| word.parse()).transpose().map_err(|_| ())
}

pub async fn rows(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    sort: Sort,
    limit: i64,
    offset: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    let mut query = select(op, "s.*", scope);
    push_filter(&mut query, filter);
    if let Some(state) = filter.state {
        query.push(" and s.state = ").push_bind(state.as_str());
    }
    query
        .push(" order by ")
        .push(order(sort))
        .push(", s.short_name limit ")
        .push_bind(limit)
        .push(" offset ")
        .push_bind(offset);
    let rows = query
        .build_query_as::<StatusRow>()
        .fetch_all(op.db())
        .await?;
    rows.into_iter()
        .map(|row| Ok(Row::try_from(row)?))
        .collect()
}

pub async fn counts(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
) -> Result<BTreeMap<ShownState, i64>, sqlx::Error> {
    let mut query = select(op, "s.state, count(*)", scope);
    push_filter(&mut query, filter);
    query.push(" group by s.state");
    let counts: Vec<(String, i64)> = query.build_query_as().fetch_all(op.db()).await?;
    counts
        .into_iter()
        .map(|(word, count)| {
            let state = word
                .parse()
                .map_err(|_| Inconsistent::new("authentication_status", "state", Uuid::nil()))?;
            Ok((state, count))
        })
        .collect()
}

pub async fn row(op: &mut Op, scope: Scope, tenant: TenantId) -> Result<Option<Row>, sqlx::Error> {
    let mut query = select(op, "s.*", scope);
    query
        .push(" and s.tenant_id = ")
        .push_bind(tenant.as_uuid());
    let row = query
        .build_query_as::<StatusRow>()
        .fetch_optional(op.db())
        .await?;
    Ok(row.map(Row::try_from).transpose()?)
}

pub async fn rows_of(
    op: &mut Op,
    scope: Scope,
    tenants: &[TenantId],
) -> Result<Vec<Row>, sqlx::Error> {
    let ids: Vec<Uuid> = tenants.iter().map(|id| id.as_uuid()).collect();
    let mut query = select(op, "s.*", scope);
    query
        .push(" and s.tenant_id = any(")
        .push_bind(ids)
        .push(")");
    let rows = query
        .build_query_as::<StatusRow>()
        .fetch_all(op.db())
        .await?;
    rows.into_iter()
        .map(|row| Ok(Row::try_from(row)?))
        .collect()
}

pub async fn causes(op: &mut Op, scope: Scope) -> Result<Vec<Category>, sqlx::Error> {
    let words = sqlx::query_scalar!(
        r#"select distinct cause as "cause!" from connections
           where cause is not null and state not in ('pending', 'revoked') and ($1::uuid is null or tenant_id = $1)"#,
        scope.tenant().map(TenantId::as_uuid),
    )
    .fetch_all(op.db())
    .await?;
    let mut causes: Vec<Category> = words.iter().filter_map(|word| word.parse().ok()).collect();
    causes.sort();
    Ok(causes)
}

/// `select … from authentication_status(now) s where …scope…`, open for more conditions.
fn select(op: &Op, what: &'static str, scope: Scope) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("select ");
    query
        .push(what)
        .push(" from authentication_status(")
        .push_bind(op.now())
        .push(") s where true");
    if let Some(tenant) = scope.tenant() {
        query
            .push(" and s.tenant_id = ")
            .push_bind(tenant.as_uuid());
    }
    query
}

/// Every filter but that of the state.
fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    if let Some(cause) = filter.cause {
        query.push(" and s.cause = ").push_bind(cause.as_str());
    }
    match filter.mode {
        Some(ModeFilter::Connected(mode)) => {
            query.push(" and s.mode = ").push_bind(mode.as_str());
        }
        Some(ModeFilter::None) => {
            query.push(" and s.connection_id is null");
        }
        None => {}
    }
    if let Some(tag) = &filter.tag {
        query
            .push(" and exists (select from tenant_tags g where g.tenant_id = s.tenant_id and g.tag = ")
            .push_bind(tag.clone())
            .push(")");
    }
    if !filter.search.is_empty() {
        query
            .push(" and concat_ws(' ', s.short_name, s.full_name, s.domain, s.admin) ilike ")
            .push_bind(storage::contains(&filter.search));
    }
}

/// Static text per column and direction; absent values come last either way.
const fn order(sort: Sort) -> &'static str {
    const RANK_UP: &str = "array_position(array['expired', 'retrying', 'expiring', 'invitation_pending', 'not_connected',
      'valid', 'suspended'], s.state), s.since desc";
    const RANK_DOWN: &str = "array_position(array['expired', 'retrying', 'expiring', 'invitation_pending', 'not_connected',
      'valid', 'suspended'], s.state) desc, s.since desc";
    match (sort.column, sort.descending) {
        (Column::ShortName, false) => "s.short_name",
        (Column::ShortName, true) => "s.short_name desc",
        (Column::FullName, false) => "lower(s.full_name)",
        (Column::FullName, true) => "lower(s.full_name) desc",
        (Column::Mode, false) => "s.mode nulls last",
        (Column::Mode, true) => "s.mode desc nulls last",
        (Column::Admin, false) => "nullif(lower(s.admin), '') nulls last",
        (Column::Admin, true) => "nullif(lower(s.admin), '') desc nulls last",
        (Column::State, false) => RANK_UP,
        (Column::State, true) => RANK_DOWN,
        (Column::Cause, false) => "s.cause nulls last",
        (Column::Cause, true) => "s.cause desc nulls last",
        (Column::Since, false) => "s.since",
        (Column::Since, true) => "s.since desc",
        (Column::Tokens, false) => "s.tokens_valid, s.tokens_total desc",
        (Column::Tokens, true) => "s.tokens_valid desc, s.tokens_total",
        (Column::NextExpiry, false) => "s.expires_at nulls last",
        (Column::NextExpiry, true) => "s.expires_at desc nulls last",
        (Column::LastSuccess, false) => "s.last_ok_at nulls last",
        (Column::LastSuccess, true) => "s.last_ok_at desc nulls last",
        (Column::LastError, false) => "s.last_error_code nulls last",
        (Column::LastError, true) => "s.last_error_code desc nulls last",
    }
}
