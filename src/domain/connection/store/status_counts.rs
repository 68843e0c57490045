//! How many tenants are in which state: kept sums and what was added to them since, or, for a search, the matching rows
//! themselves up to a limit.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::QueryBuilder;
use time::Date;
use uuid::Uuid;

use super::status::{push_filter, push_scope, settle};
use crate::domain::connection::state::ShownState;
use crate::domain::connection::status::{Charts, MOST_COUNTED, Tally};
use crate::domain::connection::status_filter::{Filter, ModeFilter};
use crate::domain::diagnosis::Category;
use crate::domain::op::{Op, Scope};
use crate::storage::Inconsistent;

/// One kept count; `tag` is empty for the whole fleet.
#[derive(Debug)]
pub struct Kept {
    tag: String,
    state: String,
    mode: String,
    cause: String,
    snoozed: bool,
    n: i64,
    /// Time alone has changed a row, and nobody has settled it yet.
    due: bool,
}

pub async fn tally(op: &mut Op, scope: Scope, filter: &Filter) -> Result<Tally, sqlx::Error> {
    let tag = filter.tag.as_deref().unwrap_or_default();
    let tags = ["".to_owned(), tag.to_owned()];
    let mut kept = kept(op, Some(&tags)).await?;
    if kept.iter().any(|one| one.due) {
        settle(op).await?;
        kept = self::kept(op, Some(&tags)).await?;
    }
    let mut tally = sum(&kept, filter);
    if !filter.is_counted() || scope.tenant().is_some() {
        (tally.counts, tally.more) = count(op, scope, filter).await?;
    }
    Ok(tally)
}

/// What the kept counts say under a filter that they know.
pub fn sum(kept: &[Kept], filter: &Filter) -> Tally {
    let tag = filter.tag.as_deref().unwrap_or_default();
    let causes: BTreeSet<Category> = kept
        .iter()
        .filter_map(|one| one.cause.parse().ok())
        .collect();
    let mut counts = BTreeMap::new();
    for one in kept.iter().filter(|one| one.tag == tag) {
        if let Ok(state) = one.state.parse()
            && one.matches(filter)
        {
            *counts.entry(state).or_default() += one.n;
        }
    }
    Tally {
        counts,
        more: false,
        causes: causes.into_iter().collect(),
    }
}

impl Kept {
    fn matches(&self, filter: &Filter) -> bool {
        filter
            .cause
            .is_none_or(|cause| cause.as_str() == self.cause)
            && filter
                .mode
                .map(ModeFilter::as_str)
                .is_none_or(|mode| mode == self.mode)
            && filter.snoozed.is_none_or(|snoozed| snoozed == self.snoozed)
    }
}

/// Every kept count.
pub async fn kept_of_all(op: &mut Op) -> Result<Vec<Kept>, sqlx::Error> {
    kept(op, None).await
}

/// The counts of these tags, or of all. Sums and additions are read in one statement.
async fn kept(op: &mut Op, tags: Option<&[String]>) -> Result<Vec<Kept>, sqlx::Error> {
    let now = op.now();
    sqlx::query_as!(
        Kept,
        r#"select tag as "tag!", state as "state!", mode as "mode!", cause as "cause!", snoozed as "snoozed!",
             sum(n)::bigint as "n!", coalesce((select min(changes_at) from tenant_status) <= $2, false) as "due!"
           from (select * from status_counts union all select * from status_count_deltas) d
           where state <> 'archived' and ($1::text[] is null or tag = any($1)) group by 1, 2, 3, 4, 5 having sum(n) <> 0"#,
        tags,
        now,
    )
    .fetch_all(op.db())
    .await
}

/// Count the rows themselves, up to the limit.
async fn count(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
) -> Result<(BTreeMap<ShownState, i64>, bool), sqlx::Error> {
    let mut query = QueryBuilder::new(
        "select state, count(*) from (select k.state from tenant_status k where k.state <> 'archived'",
    );
    push_scope(&mut query, scope);
    push_filter(&mut query, filter);
    query
        .push(" limit ")
        .push_bind(MOST_COUNTED + 1)
        .push(") found group by state");
    let found: Vec<(String, i64)> = query.build_query_as().fetch_all(op.db()).await?;
    let all: i64 = found.iter().map(|(_, n)| n).sum();
    let counts = found.into_iter().map(|(word, n)| Ok((state(&word)?, n)));
    Ok((
        counts.collect::<Result<_, sqlx::Error>>()?,
        all > MOST_COUNTED,
    ))
}

fn state(word: &str) -> Result<ShownState, Inconsistent> {
    word.parse()
        .map_err(|_| Inconsistent::new("status_counts", "state", Uuid::nil()))
}

pub async fn charts(
    op: &mut Op,
    today: Date,
    last: Date,
    first: Date,
) -> Result<Charts, sqlx::Error> {
    let days = sqlx::query!(
        r#"select kind as "kind!", day as "day!", sum(n)::bigint as "n!"
           from (select * from day_counts union all select * from day_count_deltas) d
           where kind = 'expiry' and day between $1 and $2 or kind = 'error' and day between $3 and $1
           group by kind, day having sum(n) <> 0 order by day"#,
        today,
        last,
        first,
    )
    .fetch_all(op.db())
    .await?;
    let mut charts = Charts::default();
    for row in days {
        let days = match row.kind.as_str() {
            "expiry" => &mut charts.lapses,
            _ => &mut charts.errors,
        };
        days.push((row.day, row.n));
    }
    Ok(charts)
}
