//! SQL of the list of tenants: a page of it, how many are in each state, which tags there are.

use sqlx::QueryBuilder;

use crate::domain::op::{Op, Scope};
use crate::domain::place::{Cursor, Place, Slice};
use crate::domain::tenant::list::{Counts, Filter, Line, MOST_COUNTED};
use crate::storage::{self, TenantId};

/// One page by short name; the filter's state counts.
pub(in crate::domain::tenant) async fn lines(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    place: &Place,
    limit: i64,
) -> Result<Slice<Line>, sqlx::Error> {
    let mut query = QueryBuilder::new(
        "select t.id, t.short_name, t.full_name, t.domain, t.admin_username, t.state, k.tags
         from tenants t join ",
    );
    query
        .push(scope.relation("tenant_status"))
        .push(" k on k.tenant_id = t.id where t.state = any(");
    query.push_bind(filter.shown.states()).push(")");
    push_filter(&mut query, scope, filter);
    match place {
        Place::First => {}
        Place::After(cursor) => {
            query
                .push(" and t.short_name > ")
                .push_bind(cursor.short_name.clone());
        }
        Place::Before(cursor) => {
            query
                .push(" and t.short_name < ")
                .push_bind(cursor.short_name.clone());
        }
    }
    query
        .push(match place {
            Place::Before(_) => " order by t.short_name desc limit ",
            _ => " order by t.short_name limit ",
        })
        .push_bind(limit + 1);
    let found: Vec<Line> = query.build_query_as().fetch_all(op.db()).await?;
    Ok(Slice::new(found, place, limit, |line| Cursor {
        short_name: line.short_name.clone(),
        key: String::new(),
    }))
}

/// Tenants per state under every filter but that of the state: kept sums, or, for a search, the rows up to a limit.
pub(in crate::domain::tenant) async fn counts(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
) -> Result<Counts, sqlx::Error> {
    const SUMS: &str = "select coalesce(sum(n) filter (where state not in ('suspended', 'archived')), 0)::bigint as active,
        coalesce(sum(n) filter (where state = 'suspended'), 0)::bigint as suspended,
        coalesce(sum(n) filter (where state = 'archived'), 0)::bigint as archived from ";
    let mut query = QueryBuilder::new(SUMS);
    if filter.search.is_empty() && scope.is_all() {
        query
            .push("(select * from status_counts union all select * from status_count_deltas) d where tag = ")
            .push_bind(filter.tag.clone().unwrap_or_default());
    } else {
        query
            .push("(select k.state, 1 as n from ")
            .push(scope.relation("tenant_status"))
            .push(" k join tenants t on t.id = k.tenant_id where true");
        push_filter(&mut query, scope, filter);
        query
            .push(" limit ")
            .push_bind(MOST_COUNTED + 1)
            .push(") d");
    }
    query.build_query_as().fetch_one(op.db()).await
}

/// Conditions over `tenants t` and `tenant_status k`.
pub(super) fn push_filter(query: &mut QueryBuilder<sqlx::Postgres>, scope: Scope, filter: &Filter) {
    scope.push_for(query, "k");
    if let Some(tag) = &filter.tag {
        query
            .push(" and k.tags @> array[")
            .push_bind(tag.clone())
            .push("]");
    }
    if !filter.search.is_empty() {
        query
            .push(" and k.search like lower(")
            .push_bind(storage::search_pattern(&filter.search))
            .push(")");
    }
}

/// Every tag that some tenant has.
pub(in crate::domain::tenant) async fn tags(
    op: &mut Op,
    scope: Scope,
) -> Result<Vec<String>, sqlx::Error> {
    if !scope.is_all() {
        return sqlx::query_scalar!(
            "select distinct tag from tenant_tags k where ($1::uuid is null or tenant_id = $1)
               and ($2::uuid is null or exists (select from technician_tenants g
                 where g.technician_id = $2 and g.tenant_id = k.tenant_id))
             order by tag",
            scope.tenant().map(TenantId::as_uuid),
            scope.technician(),
        )
        .fetch_all(op.db())
        .await;
    }
    sqlx::query_scalar!(
        r#"select tag as "tag!" from (select tag, n from status_counts union all select tag, n from status_count_deltas) d
           where tag <> '' group by tag having sum(n) > 0 order by tag"#,
    )
    .fetch_all(op.db())
    .await
}
