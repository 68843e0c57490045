//! "Remove single sign-on": an owner or admin unties somebody's account of the sign-on provider from their login.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use tower_sessions::Session;

use super::acts::begin;
use crate::app::App;
use crate::domain::sign_on::{self, UnlinkError};
use crate::web::kit::error::WebResult;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

/// POST: untie it; every login ends.
pub async fn remove(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let (mut op, id) = begin(&app, &viewer, &id).await?;
    let (tone, text) = match sign_on::unlink(&mut op, id).await {
        Ok(()) => {
            op.commit().await?;
            (
                Tone::Ok,
                "Single sign-on was removed, and every login ended.",
            )
        }
        Err(UnlinkError::NotLinked) => (Tone::Warn, "There was no single sign-on to remove."),
        Err(UnlinkError::Database(error)) => return Err(error.into()),
    };
    notice::leave(&session, tone, text).await;
    Ok(Redirect::to(&paths::technician(id, "")).into_response())
}
