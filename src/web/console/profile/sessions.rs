//! Ending one's own logins.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use tower_sessions::Session;
use uuid::Uuid;

use crate::app::App;
use crate::domain::technician::{end_other_sessions, end_session};
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

/// "End": this very one is ended by "Log out".
pub async fn end(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let id = Uuid::try_parse(&id).map_err(|_| WebError::NotFound)?;
    if id == viewer.session {
        return Err(WebError::Conflict(
            "This is the login that you are using. Log out to end it.",
        ));
    }
    let mut op = viewer.begin(&app).await?;
    if !end_session(&mut op, viewer.id, id).await? {
        return Err(WebError::NotFound);
    }
    op.commit().await?;
    notice::leave(&session, Tone::Ok, "The login has ended.").await;
    Ok(Redirect::to(paths::PROFILE).into_response())
}

/// "End all others".
pub async fn end_others(State(app): State<App>, viewer: Viewer, session: Session) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let ended = end_other_sessions(&mut op, viewer.id, viewer.session).await?;
    op.commit().await?;
    let text = match ended {
        0 => "There was no other login.".to_owned(),
        1 => "1 login was ended.".to_owned(),
        n => format!("{n} logins were ended."),
    };
    notice::leave(&session, Tone::Ok, text).await;
    Ok(Redirect::to(paths::PROFILE).into_response())
}
