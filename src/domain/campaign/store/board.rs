//! How far each tenant has come, as `campaign_board` says it.

use std::collections::BTreeMap;

use sqlx::{FromRow, Postgres, QueryBuilder};
use time::OffsetDateTime;
use uuid::Uuid;

use super::turn::MOST_CHECKS;
use crate::domain::campaign::words::why_words;
use crate::domain::campaign::{BoardRow, Stage};
use crate::domain::op::{Op, Scope};
use crate::storage::{self, CampaignId, Inconsistent, InvitationId, TenantId};

/// Tenants per stage; absent stages have none.
pub type Counts = BTreeMap<Stage, i64>;

/// Which tenants of a campaign are shown; the default shows all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFilter {
    pub stage: Option<Stage>,
    /// Part of a name or address; empty for all.
    pub search: String,
}

#[derive(FromRow)]
struct Row {
    tenant_id: Uuid,
    short_name: String,
    full_name: String,
    email: String,
    stage: String,
    since: OffsetDateTime,
    why: String,
    last_mail_at: Option<OffsetDateTime>,
    next_reminder_at: Option<OffsetDateTime>,
    reminders: i32,
    invitation_id: Option<Uuid>,
    /// Rows under the filter, on whichever page, where that is asked for.
    #[sqlx(default)]
    total: i64,
}

impl TryFrom<Row> for BoardRow {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let wrong = |column| Inconsistent::new("campaign_board", column, row.tenant_id);
        Ok(Self {
            tenant_id: row.tenant_id.into(),
            stage: row.stage.parse().map_err(|_| wrong("stage"))?,
            short_name: row.short_name,
            full_name: row.full_name,
            email: row.email,
            since: row.since,
            why: why_words(&row.why),
            last_mail_at: row.last_mail_at,
            next_reminder_at: row.next_reminder_at,
            reminders: row.reminders,
            invitation: row.invitation_id.map(Into::into),
        })
    }
}

fn push_from(query: &mut QueryBuilder<Postgres>, scope: Scope, id: CampaignId) {
    query
        .push(" from campaign_board(")
        .push_bind(id.as_uuid())
        .push(") b join tenants t on t.id = b.tenant_id where true");
    scope.push(query, "b.tenant_id");
}

fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &RowFilter) {
    if let Some(stage) = filter.stage {
        query.push(" and b.stage = ").push_bind(stage.as_str());
    }
    if !filter.search.is_empty() {
        query
            .push(" and ' ' || lower(concat_ws(' ', t.short_name, t.full_name, t.invitation_email)) like lower(")
            .push_bind(storage::search_pattern(&filter.search))
            .push(")");
    }
}

pub async fn counts(op: &mut Op, scope: Scope, id: CampaignId) -> Result<Counts, sqlx::Error> {
    let mut query = QueryBuilder::new("select b.stage, count(*)");
    push_from(&mut query, scope, id);
    query.push(" group by b.stage");
    let found: Vec<(String, i64)> = query.build_query_as().fetch_all(op.db()).await?;
    let mut counts = Counts::new();
    for (word, n) in found {
        let wrong = |_| Inconsistent::new("campaign_board", "stage", id.as_uuid());
        counts.insert(word.parse().map_err(wrong)?, n);
    }
    Ok(counts)
}

const COLUMNS: &str = "select b.tenant_id, t.short_name, t.full_name, t.invitation_email as email, b.stage, b.since, b.why,
  b.last_mail_at, b.next_reminder_at, b.reminders, b.invitation_id";

pub async fn board(
    op: &mut Op,
    scope: Scope,
    id: CampaignId,
    filter: &RowFilter,
    limit: i64,
    offset: i64,
) -> Result<(Vec<BoardRow>, i64), sqlx::Error> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push(", count(*) over () as total");
    push_from(&mut query, scope, id);
    push_filter(&mut query, filter);
    query.push(" order by t.short_name limit ").push_bind(limit);
    query.push(" offset ").push_bind(offset);
    let found: Vec<Row> = query.build_query_as().fetch_all(op.db()).await?;
    let total = match found.first() {
        Some(row) => row.total,
        None if offset == 0 => 0,
        // Past the last.
        None => {
            let mut query = QueryBuilder::new("select count(*)");
            push_from(&mut query, scope, id);
            push_filter(&mut query, filter);
            query.build_query_scalar().fetch_one(op.db()).await?
        }
    };
    let rows = found.into_iter().map(BoardRow::try_from);
    Ok((rows.collect::<Result<_, _>>()?, total))
}

pub async fn board_after(
    op: &mut Op,
    scope: Scope,
    id: CampaignId,
    filter: &RowFilter,
    last: &str,
    limit: i64,
) -> Result<Vec<BoardRow>, sqlx::Error> {
    let mut query = QueryBuilder::new(COLUMNS);
    push_from(&mut query, scope, id);
    push_filter(&mut query, filter);
    query.push(" and t.short_name > ").push_bind(last);
    query.push(" order by t.short_name limit ").push_bind(limit);
    let found: Vec<Row> = query.build_query_as().fetch_all(op.db()).await?;
    let rows = found.into_iter().map(BoardRow::try_from);
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How far one tenant has come.
#[derive(Clone, Debug)]
pub struct Come {
    pub stage: Stage,
    /// As `campaign_board` says it.
    pub why: String,
    /// The invitation that counts, with its state.
    pub invitation: Option<(InvitationId, String)>,
}

/// How far this tenant has come.
pub async fn one(
    op: &mut Op,
    id: CampaignId,
    tenant: TenantId,
) -> Result<Option<Come>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select stage as "stage!", why as "why!", invitation_id, invitation_state
           from campaign_board($1, $2)"#,
        id.as_uuid(),
        tenant.as_uuid(),
    )
    .fetch_optional(op.db())
    .await?;
    row.map(|row| {
        let wrong = |_| Inconsistent::new("campaign_board", "stage", id.as_uuid());
        Ok(Come {
            stage: row.stage.parse().map_err(wrong)?,
            why: row.why,
            invitation: row.invitation_id.map(Into::into).zip(row.invitation_state),
        })
    })
    .transpose()
}

/// Links that nobody has opened.
pub async fn untouched(op: &mut Op, id: CampaignId) -> Result<Vec<InvitationId>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        r#"select invitation_id as "id!" from campaign_board($1) where untouched order by invitation_id"#,
        id.as_uuid(),
    )
    .fetch_all(op.db())
    .await?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// How many may still move on: not mailed yet, on their way, to be reminded or to be checked.
pub async fn unfinished(op: &mut Op, id: CampaignId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "n!" from campaign_board($1) b
           join campaign_tenants k on k.tenant_id = b.tenant_id and k.campaign_id = $1
           where b.stage in ('waiting', 'sent', 'opened', 'started') or b.next_reminder_at is not null
             or b.stage = 'consented' and k.checks < $2"#,
        id.as_uuid(),
        MOST_CHECKS,
    )
    .fetch_one(op.db())
    .await
}
