//! Reads of the audit log. A statement has the conditions that the filter has, because one statement for all of them would
//! read from end to end.

use sqlx::{FromRow, Postgres, QueryBuilder};
use time::OffsetDateTime;
use uuid::Uuid;

use super::event::{Chain, Concerned, Event, Filter};
use super::{Op, Outcome};
use crate::domain::op::Scope;
use crate::storage::contains;

/// A row as the queries give it.
#[derive(FromRow)]
struct Row {
    id: i64,
    at: OffsetDateTime,
    tenant_id: Option<Uuid>,
    short_name: Option<String>,
    full_name: Option<String>,
    actor_type: String,
    actor_id: Option<Uuid>,
    actor_name: String,
    ip: String,
    key_id: Option<Uuid>,
    action: String,
    object_type: String,
    object_id: String,
    result: String,
    request_id: String,
    details: serde_json::Value,
    seal: Option<i64>,
}

impl From<Row> for Event {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            at: row.at,
            tenant: row.tenant_id.map(|id| Concerned {
                id,
                short_name: row.short_name.unwrap_or_default(),
                full_name: row.full_name.unwrap_or_default(),
            }),
            actor_type: row.actor_type,
            actor_id: row.actor_id,
            actor: row.actor_name,
            ip: row.ip,
            key_id: row.key_id,
            action: row.action,
            object_type: row.object_type,
            object_id: row.object_id,
            result: row.result,
            request_id: row.request_id,
            details: row.details,
            seal: row.seal,
        }
    }
}

const COLUMNS: &str = "select e.id, e.at, e.tenant_id, t.short_name, t.full_name, e.actor_type, e.actor_id, e.actor_name, e.ip, \
   e.key_id, e.action, e.object_type, e.object_id, e.result, e.request_id, e.details, \
   (select s.seq from audit_seals s where s.event_id = e.id and s.event_at = e.at limit 1) as seal \
   from audit_events e left join tenants t on t.id = e.tenant_id where true";

/// Newest first.
pub(super) async fn older(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Event>, sqlx::Error> {
    let mut query = narrowed(scope, filter);
    if let Some(id) = before {
        query.push(" and e.id < ").push_bind(id);
    }
    query.push(" order by e.id desc limit ").push_bind(limit);
    read(op, query).await
}

/// The nearest first.
pub(super) async fn newer(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    after: i64,
    limit: i64,
) -> Result<Vec<Event>, sqlx::Error> {
    let mut query = narrowed(scope, filter);
    query.push(" and e.id > ").push_bind(after);
    query.push(" order by e.id limit ").push_bind(limit);
    read(op, query).await
}

async fn read(op: &mut Op, mut query: QueryBuilder<Postgres>) -> Result<Vec<Event>, sqlx::Error> {
    let rows: Vec<Row> = query.build_query_as().fetch_all(op.db()).await?;
    Ok(rows.into_iter().map(Event::from).collect())
}

/// Only what the filter has becomes a condition, each value bound.
fn narrowed(scope: Scope, filter: &Filter) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(COLUMNS);
    scope.push(&mut query, "e.tenant_id");
    if let Some(tenant) = filter.tenant {
        query
            .push(" and e.tenant_id = ")
            .push_bind(tenant.as_uuid());
    }
    if let Some(actor) = &filter.actor {
        query.push(" and e.actor_name = ").push_bind(actor.clone());
    }
    if let Some(action) = &filter.action {
        query.push(" and e.action = ").push_bind(action.clone());
    }
    if let Some(outcome) = filter.outcome {
        query.push(" and e.result = ").push_bind(outcome.as_str());
    }
    if filter
        .outcome
        .is_some_and(|outcome| outcome != Outcome::Done)
    {
        query.push(" and e.result <> 'done'");
    }
    if let Some(from) = filter.from {
        query.push(" and e.at >= ").push_bind(from);
    }
    if let Some(until) = filter.until {
        query.push(" and e.at < ").push_bind(until);
    }
    if !filter.text.is_empty() {
        // Hand-outs without a reason are not in the index: they say nothing to search for.
        query
            .push(" and (e.action <> 'token.hand_out' or e.details ->> 'reason' <> '')")
            .push(" and audit_event_text(e.object_type, e.object_id, e.details) ilike ")
            .push_bind(contains(&filter.text));
    }
    if !filter.renewals {
        query.push(" and e.action <> 'token.refresh'");
    }
    query
}

pub(super) async fn find(op: &mut Op, scope: Scope, id: i64) -> Result<Option<Event>, sqlx::Error> {
    let all = Filter {
        renewals: true,
        ..Filter::default()
    };
    let mut query = narrowed(scope, &all);
    query.push(" and e.id = ").push_bind(id);
    Ok(read(op, query).await?.into_iter().next())
}

/// From action to action along the index, so that the cost follows their number and not the entries'.
pub(super) async fn actions(op: &mut Op) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"with recursive each (action) as (
             (select action from audit_events where action <> 'token.refresh' order by action limit 1)
             union all
             select (select e.action from audit_events e
                     where e.action <> 'token.refresh' and e.action > each.action order by e.action limit 1)
             from each where each.action is not null
           )
           select action as "action!" from each where action is not null order by action"#
    )
    .fetch_all(op.db())
    .await
}

pub(super) async fn is_actor(op: &mut Op, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from audit_events where actor_name = $1 and action <> 'token.refresh') as "found!""#,
        name
    )
    .fetch_one(op.db())
    .await
}

pub(super) async fn chain(op: &mut Op) -> Result<Chain, sqlx::Error> {
    sqlx::query_as!(
        Chain,
        r#"select c.seq, c.checkpoint, c.checkpoint_seq,
             case when c.checkpoint > 0 then c.checkpoint_at end as checkpoint_at,
             case when c.checkpoint > 0
               then extract(epoch from clock_timestamp() - c.checkpoint_at)::float8 end as checkpoint_age_s,
             (select count(*) from (select from audit_unsealed limit 10000) w) as "waiting!"
           from audit_chain c"#
    )
    .fetch_one(op.db())
    .await
}
