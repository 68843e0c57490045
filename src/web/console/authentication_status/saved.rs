//! Saved views: a technician's own names for filters and orders of the list.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;

use super::Index;
use super::board::Boards;
use super::query::Params;
use crate::app::App;
use crate::domain::technician::{self, SaveError, SavedView};
use crate::storage::SavedViewId;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Form;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

/// A view as a link.
#[derive(Clone, Debug)]
pub struct ViewLink {
    pub name: String,
    pub href: String,
    /// The list is shown as this view has it.
    pub chosen: bool,
    pub removal: String,
}

/// The views as links on a page whose query is `query`.
pub fn links(views: &[SavedView], query: &str) -> Vec<ViewLink> {
    views
        .iter()
        .map(|view| ViewLink {
            name: view.name.clone(),
            href: format!("{}?{}", paths::AUTHENTICATION_STATUS, view.query),
            chosen: view.query == query,
            removal: paths::status_view_removal(view.id),
        })
        .collect()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SaveForm {
    name: String,
    #[serde(flatten)]
    shown: Params,
}

/// A view that was not saved: the name as typed, and why.
#[derive(Clone, Debug)]
pub struct Refused {
    pub name: String,
    pub sentence: &'static str,
}

/// POST: keep the list as it is shown under a name; shows the list again with what was typed when that cannot be.
pub async fn save(
    State(app): State<App>,
    Extension(boards): Extension<Boards>,
    viewer: Viewer,
    chrome: Chrome,
    session: Session,
    Form(form): Form<SaveForm>,
) -> WebResult {
    let asked = form.shown.read();
    let back = asked.address(paths::AUTHENTICATION_STATUS);
    let query = asked.address("");
    let mut op = viewer.begin(&app).await?;
    let saved = technician::save_view(
        &mut op,
        viewer.id,
        &form.name,
        query.trim_start_matches('?'),
    )
    .await;
    let sentence = match saved {
        Ok(view) => {
            op.commit().await?;
            notice::leave(&session, Tone::Ok, format!("Saved as “{}”.", view.name)).await;
            return Ok(Redirect::to(&back).into_response());
        }
        Err(SaveError::Database(error)) => return Err(error.into()),
        Err(refusal) => refusal.sentence(),
    };
    drop(op);
    let refused = Refused {
        name: form.name,
        sentence,
    };
    let page = Index::of(&app, &boards, &viewer, chrome, &asked, Some(refused)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// POST: forget a view of one's own.
pub async fn remove(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<SavedViewId>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let name = technician::remove_view(&mut op, viewer.id, id)
        .await?
        .ok_or(WebError::NotFound)?;
    op.commit().await?;
    notice::leave(&session, Tone::Ok, format!("“{name}” is no longer saved.")).await;
    Ok(Redirect::to(paths::AUTHENTICATION_STATUS).into_response())
}
