//! What the filter and the search mean in SQL. Every arm has an index of its own, so that a page costs what a page costs.

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use crate::domain::msal_error::{Filter, From, SHORTEST_SEARCH};
use crate::domain::op::{Op, Scope};
use crate::storage;

/// As migration 120 indexes it.
const TEXT: &str = "msal_error_text(e.id, e.code, e.resource, e.operation, e.error, e.suberror, e.message, e.raw, e.trace_id, \
   e.correlation_id, e.connection_id)";
/// More tenants of one name than this are looked for by their names, line by line: then lines are soon found.
const FEW: usize = 100;

/// The tenants whose names contain what is searched.
pub enum Named {
    Few(Vec<Uuid>),
    Many,
}

/// Which tenants a search means by their names.
pub async fn named(op: &mut Op, search: &str) -> Result<Named, sqlx::Error> {
    if search.chars().count() < SHORTEST_SEARCH {
        return Ok(Named::Few(Vec::new()));
    }
    let found = sqlx::query_scalar!(
        "select id from tenants where short_name ilike $1 or full_name ilike $1 limit 101",
        storage::contains(search)
    )
    .fetch_all(op.db())
    .await?;
    Ok(if found.len() > FEW {
        Named::Many
    } else {
        Named::Few(found)
    })
}

/// Append every condition of the list `msal_errors e join tenants t`.
pub fn push(query: &mut QueryBuilder<Postgres>, scope: Scope, filter: &Filter, named: &Named) {
    push_tenant(query, "e.tenant_id", scope, filter);
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
    push_search(query, &filter.search, named);
}

/// The scope, and the tenant of the filter.
pub fn push_tenant(
    query: &mut QueryBuilder<Postgres>,
    column: &str,
    scope: Scope,
    filter: &Filter,
) {
    for tenant in [scope.tenant(), filter.tenant].into_iter().flatten() {
        query
            .push(format_args!(" and {column} = "))
            .push_bind(tenant.as_uuid());
    }
}

/// Where the page begins, in which order it is read, and how many rows it has.
pub fn push_place(query: &mut QueryBuilder<Postgres>, id: &str, from: From, limit: i64) {
    let order = match from {
        From::Newest => " desc",
        From::OlderThan(than) => {
            query.push(format_args!(" and {id} < ")).push_bind(than.0);
            " desc"
        }
        From::NewerThan(than) => {
            query.push(format_args!(" and {id} > ")).push_bind(than.0);
            ""
        }
    };
    query
        .push(format_args!(" order by {id}{order} limit "))
        .push_bind(limit);
}

fn push_search(query: &mut QueryBuilder<Postgres>, search: &str, named: &Named) {
    if search.is_empty() {
        return;
    }
    query.push(" and (false");
    if search.chars().count() >= SHORTEST_SEARCH {
        query
            .push(" or ")
            .push(TEXT)
            .push(" ilike ")
            .push_bind(storage::contains(search));
    }
    match named {
        Named::Few(ids) if ids.is_empty() => {}
        Named::Few(ids) => {
            query
                .push(" or e.tenant_id = any(")
                .push_bind(ids.clone())
                .push(")");
        }
        Named::Many => {
            for name in ["t.short_name", "t.full_name"] {
                query
                    .push(format_args!(" or {name} ilike "))
                    .push_bind(storage::contains(search));
            }
        }
    }
    if let Ok(number) = search.parse::<i64>() {
        query.push(" or e.id = ").push_bind(number);
    }
    query.push(")");
}
