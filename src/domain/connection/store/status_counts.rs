//! How many tenants are in which state: kept sums and what was added to them since, or, for a search, the matching rows
//! themselves up to a limit.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::QueryBuilder;
use time::{Date, Duration};
use uuid::Uuid;

use super::granted;
use super::status::{push_filter, settle};
use crate::domain::connection::state::ShownState;
use crate::domain::connection::status::{
    Charts, DAYS_AHEAD, DAYS_BACK, MOST_COUNTED, Summary, Tally,
};
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
}

/// A row of the statement that reads every kept count at once: of a state, of a tag, or of a day.
pub(super) struct Counted {
    pub kind: String,
    pub tag: String,
    pub state: String,
    pub mode: String,
    pub cause: String,
    pub snoozed: bool,
    pub day: Option<Date>,
    pub n: i64,
}

/// What the kept counts say, in one statement.
#[derive(Default)]
struct Counts {
    kept: Vec<Kept>,
    tags: Vec<String>,
    charts: Charts,
    /// Time alone has changed a row, and nobody has settled it yet.
    due: bool,
}

impl Counts {
    fn of(rows: Vec<Counted>) -> Self {
        let mut counts = Self::default();
        for row in rows {
            match (row.kind.as_str(), row.day) {
                ("expiry", Some(day)) => counts.charts.lapses.push((day, row.n)),
                ("error", Some(day)) => counts.charts.errors.push((day, row.n)),
                ("tag", _) => counts.tags.push(row.tag),
                ("state", _) => counts.kept.push(Kept {
                    tag: row.tag,
                    state: row.state,
                    mode: row.mode,
                    cause: row.cause,
                    snoozed: row.snoozed,
                    n: row.n,
                }),
                _ => counts.due = true,
            }
        }
        counts.tags.sort();
        counts.charts.lapses.sort();
        counts.charts.errors.sort();
        counts
    }
}

pub async fn summary(op: &mut Op, scope: Scope, filter: &Filter) -> Result<Summary, sqlx::Error> {
    let tag = filter.tag.as_deref().unwrap_or_default();
    let tags = [String::new(), tag.to_owned()];
    let mut counts = counts_for(op, scope, &tags).await?;
    if counts.due {
        settle(op).await?;
        counts = counts_for(op, scope, &tags).await?;
    }
    let mut tally = sum(&counts.kept, filter);
    if !filter.is_counted() || scope.tenant().is_some() {
        (tally.counts, tally.more) = count(op, scope, filter).await?;
    }
    Ok(Summary {
        tally,
        tags: counts.tags,
        charts: counts.charts,
    })
}

/// The kept counts are those of the whole fleet; whoever is limited has the rows counted.
async fn counts_for(op: &mut Op, scope: Scope, tags: &[String]) -> Result<Counts, sqlx::Error> {
    match scope.technician() {
        Some(technician) => Ok(Counts::of(granted::counted(op, technician, tags).await?)),
        None => counts(op, Some(tags)).await,
    }
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

/// The kept counts of the fleet and of every tag.
pub async fn kept_of_all(op: &mut Op) -> Result<Vec<Kept>, sqlx::Error> {
    Ok(counts(op, None).await?.kept)
}

/// The counts of these tags, or of all, for whoever sees every tenant. Sums and additions are read in one statement, so that
/// nothing is counted twice or missed while they are folded.
async fn counts(op: &mut Op, tags: Option<&[String]>) -> Result<Counts, sqlx::Error> {
    let now = op.now();
    let today = now.date();
    let rows = sqlx::query_as!(
        Counted,
        r#"with counts as materialized (select * from status_counts union all select * from status_count_deltas),
             days as (select * from day_counts union all select * from day_count_deltas)
           select 'state' as "kind!", tag as "tag!", state as "state!", mode as "mode!", cause as "cause!",
             snoozed as "snoozed!", null::date as day, sum(n)::bigint as "n!"
           from counts where state <> 'archived' and ($1::text[] is null or tag = any($1))
           group by tag, state, mode, cause, snoozed having sum(n) <> 0
           union all
           select 'tag', tag, '', '', '', false, null, sum(n)::bigint from counts where tag <> '' group by tag having sum(n) > 0
           union all
           select kind, '', '', '', '', false, day, sum(n)::bigint from days
           where kind = 'expiry' and day between $2 and $3 or kind = 'error' and day between $4 and $2
           group by kind, day having sum(n) <> 0
           union all
           select 'due', '', '', '', '', false, null, 1 where (select min(changes_at) from fleet_tenant_status) <= $5"#,
        tags,
        today,
        today.saturating_add(Duration::days(DAYS_AHEAD - 1)),
        today.saturating_sub(Duration::days(DAYS_BACK - 1)),
        now,
    )
    .fetch_all(op.db())
    .await?;
    Ok(Counts::of(rows))
}

/// Count the rows themselves, up to the limit.
async fn count(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
) -> Result<(BTreeMap<ShownState, i64>, bool), sqlx::Error> {
    let mut query = QueryBuilder::new("select state, count(*) from (select k.state from ");
    query
        .push(scope.relation("tenant_status"))
        .push(" k where k.state <> 'archived'");
    scope.push_for(&mut query, "k");
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
