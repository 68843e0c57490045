//! What the filter and the search mean in SQL. What is searched may stand in an entry, in the name of its tenant or be an id:
//! each is read by an index of its own, newest first and no more than a page, and the pages are put together.

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use crate::domain::msal_error::{Filter, From, SHORTEST_SEARCH};
use crate::domain::op::{Op, Scope};
use crate::storage::{self, TenantId};

/// As migration 120 indexes it.
const TEXT: &str = "msal_error_text(e.id, e.code, e.resource, e.operation, e.error, e.suberror, e.message, e.raw, e.trace_id, \
   e.correlation_id, e.connection_id)";
/// More tenants of one name than this are looked for line by line: then lines are soon found.
const FEW: usize = 100;

/// One way in which an entry may be meant.
enum Arm {
    All,
    Nothing,
    /// The entry says it somewhere; an `ilike` pattern.
    Text(String),
    Tenants(Vec<Uuid>),
    /// The tenant is called so; an `ilike` pattern.
    Named(String),
    Id(i64),
    Correlation(String),
    Trace(String),
}

/// Between which ids the filter's time lies.
#[derive(Default)]
struct Bounds {
    lowest: Option<i64>,
    highest: Option<i64>,
}

/// What to read, prepared.
pub struct Plan {
    scope: Scope,
    filter: Filter,
    bounds: Bounds,
    arms: Vec<Arm>,
}

impl Plan {
    /// Look up what the reading needs to know before.
    pub async fn of(op: &mut Op, scope: Scope, filter: &Filter) -> Result<Self, sqlx::Error> {
        Ok(Self {
            scope,
            filter: filter.clone(),
            bounds: bounds(op, filter).await?,
            arms: arms(op, scope, &filter.search).await?,
        })
    }

    /// `(…) e`, the entries of one page as rows of `msal_errors`, to be sorted once more.
    pub fn push(&self, query: &mut QueryBuilder<Postgres>, from: From, limit: i64) {
        for (place, arm) in self.arms.iter().enumerate() {
            query.push(if place == 0 { "((" } else { ") union (" });
            query
                .push("select e.* from ")
                .push(self.scope.relation("msal_errors"))
                .push(" e where true");
            self.push_filter(query);
            arm.push(query);
            push_place(query, "e.id", from, limit);
        }
        query.push(")) e");
    }

    fn push_filter(&self, query: &mut QueryBuilder<Postgres>) {
        let filter = &self.filter;
        self.scope.push_for(query, "e");
        push_tenant(query, "e.tenant_id", filter);
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
        if let Some(lowest) = self.bounds.lowest {
            query.push(" and e.id >= ").push_bind(lowest);
        }
        if let Some(highest) = self.bounds.highest {
            query.push(" and e.id <= ").push_bind(highest);
        }
    }
}

impl Arm {
    fn push(&self, query: &mut QueryBuilder<Postgres>) {
        match self {
            Self::All => {}
            Self::Nothing => {
                query.push(" and false");
            }
            Self::Text(pattern) => {
                query.push(" and ").push(TEXT);
                query.push(" ilike ").push_bind(pattern.clone());
            }
            Self::Tenants(ids) => {
                query
                    .push(" and e.tenant_id = any(")
                    .push_bind(ids.clone())
                    .push(")");
            }
            Self::Named(pattern) => {
                query
                    .push(
                        " and exists (select from tenants t where t.id = e.tenant_id and (t.short_name ilike ",
                    )
                    .push_bind(pattern.clone())
                    .push(" or t.full_name ilike ")
                    .push_bind(pattern.clone())
                    .push("))");
            }
            Self::Id(id) => {
                query.push(" and e.id = ").push_bind(*id);
            }
            Self::Correlation(id) => {
                query.push(" and e.correlation_id = ").push_bind(id.clone());
            }
            Self::Trace(id) => {
                query.push(" and e.trace_id = ").push_bind(id.clone());
            }
        }
    }
}

/// The tenant of the filter.
pub fn push_tenant(query: &mut QueryBuilder<Postgres>, column: &str, filter: &Filter) {
    if let Some(tenant) = filter.tenant {
        query
            .push(format_args!(" and {column} = "))
            .push_bind(tenant.as_uuid());
    }
}

/// Where the page begins, in which order it is read, and how many rows it has.
pub fn push_place(query: &mut QueryBuilder<Postgres>, id: &str, from: From, limit: i64) {
    match from {
        From::Newest => {}
        From::OlderThan(than) => {
            query.push(format_args!(" and {id} < ")).push_bind(than.0);
        }
        From::NewerThan(than) => {
            query.push(format_args!(" and {id} > ")).push_bind(than.0);
        }
    }
    push_order(query, id, from, limit);
}

/// Newest first, or the nearest to where it begins first.
pub fn push_order(query: &mut QueryBuilder<Postgres>, id: &str, from: From, limit: i64) {
    let direction = match from {
        From::Newest | From::OlderThan(_) => " desc",
        From::NewerThan(_) => "",
    };
    query
        .push(format_args!(" order by {id}{direction} limit "))
        .push_bind(limit);
}

async fn arms(op: &mut Op, scope: Scope, search: &str) -> Result<Vec<Arm>, sqlx::Error> {
    if search.is_empty() {
        return Ok(vec![Arm::All]);
    }
    if let Ok(id) = Uuid::try_parse(search) {
        // Microsoft's ids have columns of their own; any other stands only in the texts.
        let id = id.to_string();
        if is_request(op, &id).await? {
            return Ok(vec![Arm::Correlation(id.clone()), Arm::Trace(id)]);
        }
    }
    let mut arms = Vec::new();
    if let Ok(number) = search.parse() {
        arms.push(Arm::Id(number));
    }
    if search.chars().count() >= SHORTEST_SEARCH {
        let pattern = storage::contains(search);
        arms.extend(named(op, scope, &pattern).await?);
        arms.push(Arm::Text(pattern));
    }
    if arms.is_empty() {
        arms.push(Arm::Nothing);
    }
    Ok(arms)
}

async fn is_request(op: &mut Op, id: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from msal_errors where correlation_id = $1)
             or exists (select from msal_errors where trace_id = $1) as "is!""#,
        id
    )
    .fetch_one(op.db())
    .await
}

/// The tenants within `scope` that are called so.
async fn named(op: &mut Op, scope: Scope, pattern: &str) -> Result<Option<Arm>, sqlx::Error> {
    let found = sqlx::query_scalar!(
        "select id from tenants where (short_name ilike $1 or full_name ilike $1)
           and ($2::uuid is null or id = $2)
           and ($3::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $3 and g.tenant_id = tenants.id))
         limit 101",
        pattern,
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    Ok(match found.len() {
        0 => None,
        n if n > FEW => Some(Arm::Named(pattern.to_owned())),
        _ => Some(Arm::Tenants(found)),
    })
}

/// Ids grow with time, but for what was under way at the same moment: the two hundred entries next to an instant cover that.
/// Without bounds a list of a day long past would read every entry since.
async fn bounds(op: &mut Op, filter: &Filter) -> Result<Bounds, sqlx::Error> {
    let mut bounds = Bounds::default();
    if let Some(from) = filter.from {
        bounds.lowest = sqlx::query_scalar!(
            "select min(id) from (select id from msal_errors where at >= $1 order by at limit 200) near",
            from
        )
        .fetch_one(op.db())
        .await?;
    }
    if let Some(until) = filter.until {
        bounds.highest = sqlx::query_scalar!(
            "select max(id) from (select id from msal_errors where at < $1 order by at desc limit 200) near",
            until
        )
        .fetch_one(op.db())
        .await?;
    }
    Ok(bounds)
}
