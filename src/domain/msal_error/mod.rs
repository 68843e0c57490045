//! A failure answer of Entra or Graph as recorded: searching the record, one entry with its neighbours, and its diagnosis.
//! The keeper writes the record; nothing changes it but its end: whole months are dropped when they are old.

mod folded;
mod retention;
mod store;

use time::{Date, OffsetDateTime};

use super::diagnosis::{self, Category, Reading};
use super::op::{Op, Scope};
use crate::storage::{ConnectionId, MsalErrorId, TenantId};

pub use folded::{Alike, Fold, FoldPage, alike, fold_of, folds};
pub use retention::{Dropped, drop_old};

/// One entry of the list.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: MsalErrorId,
    pub at: OffsetDateTime,
    pub tenant_id: TenantId,
    pub short_name: String,
    pub full_name: String,
    /// Word of the resource; empty when the call was for none.
    pub resource: String,
    pub operation: String,
    /// AADSTS number that counts; none when the answer had none.
    pub code: Option<i32>,
    /// What the answer was read as when it was recorded.
    pub cause: Category,
    pub message: String,
    /// Empty when Microsoft gave none.
    pub correlation_id: String,
}

/// One entry, whole.
#[derive(Clone, Debug)]
pub struct MsalError {
    pub row: Row,
    pub connection_id: Option<ConnectionId>,
    /// None when no HTTP answer came.
    pub http_status: Option<i32>,
    /// OAuth `error` and Entra `suberror` as received; empty when absent.
    pub error: String,
    pub suberror: String,
    /// Every AADSTS number of the answer.
    pub codes: Vec<i32>,
    /// What the refresh protocol did with it.
    pub class: String,
    /// The whole answer as received.
    pub raw: String,
    pub trace_id: String,
    /// The instant in the answer, as Microsoft wrote it.
    pub answered_at: String,
}

/// Which entries a list shows; the default shows all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub tenant: Option<TenantId>,
    /// Word of the resource.
    pub resource: Option<String>,
    pub code: Option<i32>,
    pub cause: Option<Category>,
    /// First instant, included.
    pub from: Option<OffsetDateTime>,
    /// Last instant, excluded.
    pub until: Option<OffsetDateTime>,
    /// Part of anything the entry says, of an id or of its tenant's name; empty for all.
    pub search: String,
}

/// Letters that a search has at least: with fewer it would read everything. Numbers may be shorter.
pub const SHORTEST_SEARCH: usize = 3;

/// Where a page of the list begins. Pages go by id, so that they neither shift nor slow down as errors come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum From {
    #[default]
    Newest,
    /// Entries older than this one.
    OlderThan(MsalErrorId),
    /// Entries newer than this one, the nearest of them.
    NewerThan(MsalErrorId),
}

/// One page, newest first, and whether there is more on either side.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub rows: Vec<Row>,
    pub newer: bool,
    pub older: bool,
}

/// One page of the record.
pub async fn list(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    from: From,
    limit: usize,
) -> Result<Page, sqlx::Error> {
    let asked = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let mut rows = store::rows(op, scope, filter, from, asked).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    if matches!(from, From::NewerThan(_)) {
        // They came oldest first, nearest to the page that was left.
        rows.reverse();
    }
    Ok(match from {
        From::Newest => Page {
            rows,
            newer: false,
            older: more,
        },
        From::OlderThan(_) => Page {
            newer: true,
            older: more,
            rows,
        },
        From::NewerThan(_) => Page {
            newer: more,
            older: true,
            rows,
        },
    })
}

/// One entry; none when absent or out of scope.
pub async fn find(
    op: &mut Op,
    scope: Scope,
    id: MsalErrorId,
) -> Result<Option<MsalError>, sqlx::Error> {
    store::find(op, scope, id).await
}

/// The entries of the same tenant just before and after, newest first, the entry itself left out.
pub async fn neighbours(
    op: &mut Op,
    scope: Scope,
    error: &MsalError,
    each_side: usize,
) -> Result<Vec<Row>, sqlx::Error> {
    let filter = Filter {
        tenant: Some(error.row.tenant_id),
        ..Filter::default()
    };
    let id = error.row.id;
    let newer = list(op, scope, &filter, From::NewerThan(id), each_side).await?;
    let older = list(op, scope, &filter, From::OlderThan(id), each_side).await?;
    Ok(newer.rows.into_iter().chain(older.rows).collect())
}

impl MsalError {
    /// The answer, read again by the rules of today.
    pub fn reading(&self) -> Reading {
        let status = self.http_status.and_then(|s| u16::try_from(s).ok());
        diagnosis::read_answer(status, self.raw.as_bytes())
    }

    /// The answer for people: indented when it is JSON, as it came otherwise; anything like a secret hidden.
    pub fn shown_raw(&self) -> String {
        let pretty = serde_json::from_str::<serde_json::Value>(&self.raw)
            .ok()
            .filter(|value| value.is_object() || value.is_array())
            .and_then(|value| serde_json::to_string_pretty(&value).ok());
        diagnosis::mask(pretty.as_deref().unwrap_or(&self.raw))
    }
}

/// So many entries of an export, whole, newest first; the next begin after the last of these.
pub async fn whole(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    from: From,
    limit: i64,
) -> Result<Vec<MsalError>, sqlx::Error> {
    store::whole(op, scope, filter, from, limit).await
}

/// Give each month from `since` to `until` a partition of its own. Idempotent; returns how many were
/// missing.
pub async fn ensure_partitions(op: &mut Op, since: Date, until: Date) -> Result<i32, sqlx::Error> {
    store::ensure_partitions(op, since, until).await
}
