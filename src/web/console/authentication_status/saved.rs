//! Saved views: a technician's own names for filters and orders of the list.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;

use super::query::Params;
use crate::app::App;
use crate::domain::technician::{self, SaveError, SavedView};
use crate::storage::SavedViewId;
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

/// POST: keep the list as it is shown under a name.
pub async fn save(
    State(app): State<App>,
    viewer: Viewer,
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
    let (tone, text) = match saved {
        Ok(view) => {
            op.commit().await?;
            (Tone::Ok, format!("Saved as “{}”.", view.name))
        }
        Err(SaveError::Database(error)) => return Err(error.into()),
        Err(refusal) => (Tone::Warn, refusal.sentence().to_owned()),
    };
    notice::leave(&session, tone, text).await;
    Ok(Redirect::to(&back).into_response())
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
