//! Start, pause, resume, stop, try again, discard.

use std::fmt::Write as _;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;

use super::show::id_of;
use crate::app::App;
use crate::domain::campaign::{self, ActError};
use crate::domain::op::Op;
use crate::storage::CampaignId;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Form;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

const STALE: &str = "The campaign is no longer in the state that the page showed. Go back, reload the page and look again.";
const TOO_LATE: &str = "Its deadline has passed. Make a new campaign.";

impl From<ActError> for WebError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::NotThere => Self::NotFound,
            ActError::NotWhole => Self::Forbidden,
            ActError::WrongState => Self::Conflict(STALE),
            ActError::TooLate => Self::Conflict(TOO_LATE),
            ActError::Database(error) => error.into(),
        }
    }
}

async fn begin(app: &App, viewer: &Viewer, id: &str) -> WebResult<(Op, CampaignId)> {
    let id = id_of(id)?;
    Ok((viewer.begin(app).await?, id))
}

async fn back(op: Op, session: &Session, id: CampaignId, text: String) -> WebResult {
    op.commit().await?;
    notice::leave(session, Tone::Ok, text).await;
    Ok(Redirect::to(&paths::campaign(id, "")).into_response())
}

/// "Start": from now on mails go out.
pub async fn start(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let (mut op, id) = begin(&app, &viewer, &id).await?;
    campaign::start(&mut op, viewer.scope, id).await?;
    back(op, &session, id, "The campaign runs.".into()).await
}

/// "Pause".
pub async fn pause(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let (mut op, id) = begin(&app, &viewer, &id).await?;
    campaign::pause(&mut op, viewer.scope, id).await?;
    let text =
        "Nobody else is asked or reminded until you resume it. Links that are out stay good.";
    back(op, &session, id, text.into()).await
}

/// "Resume".
pub async fn resume(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let (mut op, id) = begin(&app, &viewer, &id).await?;
    campaign::resume(&mut op, viewer.scope, id).await?;
    back(op, &session, id, "The campaign runs again.".into()).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StopForm {
    /// Any word: links that nobody has opened are withdrawn as well.
    links: String,
}

/// "Stop".
pub async fn stop(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
    Form(form): Form<StopForm>,
) -> WebResult {
    let (mut op, id) = begin(&app, &viewer, &id).await?;
    let stopped = campaign::stop(&mut op, viewer.scope, id, !form.links.is_empty()).await?;
    let mut text = format!("Stopped. Mails that do not go out: {}.", stopped.mails);
    if !form.links.is_empty() {
        let _ = write!(text, " Links withdrawn: {}.", stopped.links);
    }
    back(op, &session, id, text).await
}

/// "Try again": those that could not be asked.
pub async fn retry(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let (mut op, id) = begin(&app, &viewer, &id).await?;
    let again = campaign::retry(&mut op, viewer.scope, id).await?;
    let text = match again {
        0 => "Nobody failed before a mail was made: there is nothing to try again.".to_owned(),
        1 => "1 tenant waits again.".to_owned(),
        n => format!("{n} tenants wait again."),
    };
    back(op, &session, id, text).await
}

/// "Discard": forget the draft.
pub async fn discard(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let (mut op, id) = begin(&app, &viewer, &id).await?;
    campaign::discard(&mut op, viewer.scope, id).await?;
    op.commit().await?;
    notice::leave(&session, Tone::Ok, "The draft is gone. Nobody was mailed.").await;
    Ok(Redirect::to(paths::CAMPAIGNS).into_response())
}
