//! A technician's own names for ways to look at a list.

use sqlx::PgPool;
use time::OffsetDateTime;

use super::store;
use crate::domain::audit::Entry;
use crate::domain::line::plain;
use crate::domain::op::Op;
use crate::storage::{SavedViewId, TechnicianId, Violation, violation};

const LONGEST_NAME: usize = 40;
const LONGEST_QUERY: usize = 1000;
/// More would fill the page.
const MOST: i64 = 20;

/// A name and the query of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    pub id: SavedViewId,
    pub name: String,
    pub query: String,
    pub created_at: OffsetDateTime,
}

/// Why a view was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    #[error("a name is needed")]
    NoName,
    #[error("the name is too long")]
    LongName,
    #[error("the name is taken")]
    Taken,
    #[error("there are too many")]
    TooMany,
    #[error("the filter is too long")]
    LongQuery,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl SaveError {
    /// What to do, for the technician.
    pub const fn sentence(&self) -> &'static str {
        match self {
            Self::NoName => "Give the view a name.",
            Self::LongName => "Give the view a name of at most 40 characters.",
            Self::Taken => "You have a view of that name. Choose another name.",
            Self::TooMany => "You have 20 views. Remove one first.",
            Self::LongQuery => "The search is too long to be saved.",
            Self::Database(_) => "The view could not be saved.",
        }
    }
}

/// Keep `query` under a name; views are this technician's alone.
pub async fn save_view(
    op: &mut Op,
    technician: TechnicianId,
    name: &str,
    query: &str,
) -> Result<SavedView, SaveError> {
    let name = plain(name);
    match name.chars().count() {
        0 => return Err(SaveError::NoName),
        n if n > LONGEST_NAME => return Err(SaveError::LongName),
        _ => {}
    }
    if query.len() > LONGEST_QUERY {
        return Err(SaveError::LongQuery);
    }
    if store::count_views(op, technician).await? >= MOST {
        return Err(SaveError::TooMany);
    }
    if store::has_view(op, technician, &name).await? {
        return Err(SaveError::Taken);
    }
    let view = SavedView {
        id: SavedViewId::new(),
        name,
        query: query.to_owned(),
        created_at: op.now(),
    };
    store::insert_view(op, technician, &view)
        .await
        .map_err(|error| match violation(&error) {
            Some(Violation::Unique("saved_views_name_key")) => SaveError::Taken,
            _ => SaveError::Database(error),
        })?;
    Entry::new("view.saved")
        .object("saved_view", view.id)
        .detail("name", view.name.as_str())
        .write(op)
        .await?;
    Ok(view)
}

/// This technician's views by name; outside of any unit of work, which would cost the first page more than the look does.
pub async fn views(pool: &PgPool, technician: TechnicianId) -> Result<Vec<SavedView>, sqlx::Error> {
    store::views(pool, technician).await
}

/// Forget a view; gives its name, or none when this technician has no such view.
pub async fn remove_view(
    op: &mut Op,
    technician: TechnicianId,
    id: SavedViewId,
) -> Result<Option<String>, sqlx::Error> {
    let Some(name) = store::delete_view(op, technician, id).await? else {
        return Ok(None);
    };
    Entry::new("view.removed")
        .object("saved_view", id)
        .detail("name", name.as_str())
        .write(op)
        .await?;
    Ok(Some(name))
}
