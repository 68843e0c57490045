//! Recorded errors on a page: the filters as typed, the list, one entry. The console shows every tenant's, the Customer
//! portal one tenant's; their scopes differ, the view does not.

mod entry;
mod filters;
mod list;

use crate::domain::op::{Op, Scope};
use crate::domain::{connection, msal_error};
use crate::storage::MsalErrorId;

pub use entry::EntryView;
pub use filters::{Filters, Params};
pub use list::{ErrorLine, ListView, operation, resource_name};

/// Entries on a page.
const PER_PAGE: usize = 50;
/// Neighbours in time on each side of an entry.
const NEIGHBOURS: usize = 5;

/// The list as the query asks for it; nothing is listed when a filter makes no sense.
pub async fn list(
    op: &mut Op,
    scope: Scope,
    action: String,
    params: Params,
    of_all: bool,
) -> Result<ListView, sqlx::Error> {
    let (filters, filter) = Filters::read(op, scope, params).await?;
    let page = match filter {
        Some(filter) => msal_error::list(op, scope, &filter, filters.place(), PER_PAGE).await?,
        None => msal_error::Page::default(),
    };
    Ok(ListView::of(action, filters, &page, of_all, op.now()))
}

/// One entry with its diagnosis and neighbours; none when the id is odd, absent or out of scope.
pub async fn entry(
    op: &mut Op,
    scope: Scope,
    id: &str,
    of_all: bool,
) -> Result<Option<EntryView>, sqlx::Error> {
    let Ok(id) = id.parse::<MsalErrorId>() else {
        return Ok(None);
    };
    let Some(error) = msal_error::find(op, scope, id).await? else {
        return Ok(None);
    };
    let diagnosis = connection::diagnose_recorded(op, scope, &error).await?;
    let around = msal_error::neighbours(op, scope, &error, NEIGHBOURS).await?;
    Ok(Some(EntryView::of(
        &error,
        &diagnosis,
        &around,
        of_all,
        op.now(),
    )))
}
