//! Reading the log. It is never changed from here.

use super::event::{Chain, Event, Filter, From, Page};
use super::store_log;
use crate::domain::op::{Op, Scope};

/// A page of entries, newest first.
pub async fn list(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    from: From,
    size: usize,
) -> Result<Page, sqlx::Error> {
    let limit = i64::try_from(size).unwrap_or(i64::MAX - 1) + 1;
    let mut events = match from {
        From::NewerThan(id) => store_log::newer(op, scope, filter, id, limit).await?,
        From::OlderThan(id) => store_log::older(op, scope, filter, Some(id), limit).await?,
        From::Newest => store_log::older(op, scope, filter, None, limit).await?,
    };
    let more = events.len() > size;
    events.truncate(size);
    let (newer, older) = match from {
        From::Newest => (false, more),
        From::OlderThan(_) => (true, more),
        From::NewerThan(_) => {
            events.reverse();
            (more, true)
        }
    };
    Ok(Page {
        events,
        newer,
        older,
    })
}

/// As many as fit, for a file.
pub async fn whole(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Event>, sqlx::Error> {
    store_log::older(op, scope, filter, before, limit).await
}

/// One entry; none when it is absent or out of scope.
pub async fn find(op: &mut Op, scope: Scope, id: i64) -> Result<Option<Event>, sqlx::Error> {
    store_log::find(op, scope, id).await
}

/// Every action of the log, by name.
pub async fn actions(op: &mut Op) -> Result<Vec<String>, sqlx::Error> {
    store_log::actions(op).await
}

/// Did anybody of this name do anything?
pub async fn is_actor(op: &mut Op, name: &str) -> Result<bool, sqlx::Error> {
    store_log::is_actor(op, name).await
}

/// How the chain stands.
pub async fn chain(op: &mut Op) -> Result<Chain, sqlx::Error> {
    store_log::chain(op).await
}
