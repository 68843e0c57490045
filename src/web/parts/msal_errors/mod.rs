//! Recorded errors on a page: the filters as typed, the list, one entry. The console shows every tenant's, the Customer
//! portal one tenant's; their scopes differ, the view does not.

mod entry;
mod export;
mod filters;
mod list;
mod moments;

use crate::domain::op::{Op, Scope};
use crate::domain::{connection, msal_error};
use crate::storage::MsalErrorId;

pub use entry::EntryView;
pub use export::{Format, export};
pub use filters::{Filters, Params};
use list::Listed;
pub use list::{ErrorLine, FoldLine, ListView, operation, resource_name};
pub use moments::Moments;

/// Entries on a page.
const PER_PAGE: usize = 50;
/// Neighbours in time on each side of an entry that are listed, and that the timeline shows.
const NEIGHBOURS: usize = 5;
const MOMENTS: usize = 60;
/// Other tenants with the same error that are named.
const ALIKE: i64 = 20;

/// The list as the query asks for it; nothing is listed when a filter makes no sense.
pub async fn list(
    op: &mut Op,
    scope: Scope,
    action: String,
    params: Params,
    of_all: bool,
) -> Result<ListView, sqlx::Error> {
    let (filters, filter) = Filters::read(op, scope, params).await?;
    let place = filters.place();
    let listed = match filter {
        Some(filter) if filters.folded() => {
            Listed::Folded(msal_error::folds(op, scope, &filter, place, PER_PAGE).await?)
        }
        Some(filter) => Listed::Each(msal_error::list(op, scope, &filter, place, PER_PAGE).await?),
        None => Listed::Each(msal_error::Page::default()),
    };
    Ok(ListView::of(action, filters, &listed, of_all, op.now()))
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
    let around = Around {
        neighbours: msal_error::neighbours(op, scope, &error, MOMENTS).await?,
        fold: msal_error::fold_of(op, scope, &error).await?,
        alike: msal_error::alike(op, scope, &error, ALIKE + 1).await?,
    };
    Ok(Some(EntryView::of(
        &error,
        &diagnosis,
        &around,
        of_all,
        op.now(),
    )))
}

/// What happened around an entry.
struct Around {
    /// Of the same tenant, newest first.
    neighbours: Vec<msal_error::Row>,
    fold: Option<msal_error::Fold>,
    alike: Vec<msal_error::Alike>,
}
