//! What can be done to an invitation: mail it again, withdraw it, replace it by a new link.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

use super::new::{create_error, show_made};
use super::{finish, link_error, made_before, seal, sent_before};
use crate::app::App;
use crate::domain::invitation::{self, EndError, FromForm, Invitation};
use crate::domain::onboarding;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Form;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::once::Once;
use crate::web::kit::viewer::Viewer;
use crate::web::parts::invitations::{From, hand_over, note};
use crate::web::portal::Visit;

/// Where to go back to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StepForm {
    from: String,
    once: Once,
}

impl StepForm {
    fn back(&self, visit: &Visit) -> Response {
        let from = From::read(&self.from);
        Redirect::to(&from.address(visit.paths())).into_response()
    }
}

async fn find(app: &App, viewer: &Viewer, visit: &Visit, id: &str) -> WebResult<Invitation> {
    let id = id.parse().map_err(|_| WebError::NotFound)?;
    let mut op = viewer.begin(app).await?;
    let found = invitation::find(&mut op, visit.scope(), id).await?;
    found.ok_or(WebError::NotFound)
}

/// Mail the same link again.
pub async fn resend(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
    session: Session,
    Form(form): Form<StepForm>,
) -> WebResult {
    let invitation = find(&app, &viewer, &visit, &id).await?;
    if !invitation.state.is_good() {
        let text = "This link no longer works, so it was not mailed. Use “New link”.";
        notice::leave(&session, Tone::Bad, text).await;
        return Ok(form.back(&visit));
    }
    let token = invitation::reveal(&app.keeper, &invitation)
        .await
        .map_err(link_error)?;
    let mut op = viewer.begin(&app).await?;
    let mail = note(&mut op, &app, &viewer, &invitation, form.once).await?;
    op.commit().await?;
    let delivery = hand_over(&app, &viewer, mail, &token).await?;
    let (tone, text) = delivery.words();
    notice::leave(&session, tone, text).await;
    Ok(form.back(&visit))
}

/// Withdraw the link.
pub async fn revoke(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
    session: Session,
    Form(form): Form<StepForm>,
) -> WebResult {
    let id = id.parse().map_err(|_| WebError::NotFound)?;
    let mut op = viewer.begin(&app).await?;
    let ended = match invitation::revoke(&mut op, visit.scope(), id).await {
        Ok(flows) => flows,
        Err(EndError::NotThere) => return Err(WebError::NotFound),
        Err(EndError::NotGood) => {
            let text = "This invitation had ended before; nothing was changed.";
            notice::leave(&session, Tone::Warn, text).await;
            return Ok(form.back(&visit));
        }
        Err(EndError::Database(error)) => return Err(error.into()),
    };
    op.commit().await?;
    onboarding::forget(&app.keeper, visit.id, &ended).await;
    notice::leave(
        &session,
        Tone::Ok,
        "The invitation was revoked; its link no longer works.",
    )
    .await;
    Ok(form.back(&visit))
}

/// "New link": end this one and make the same again.
pub async fn replace(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
    session: Session,
    chrome: Chrome,
    Form(form): Form<StepForm>,
) -> WebResult {
    let old = find(&app, &viewer, &visit, &id).await?;
    let from = From::read(&form.from);
    let form_hash = form.once.hash(&["new link", &old.id.to_string()]);
    if let Some(id) = sent_before(&app, &viewer, &visit, &form_hash).await? {
        return made_before(&app, &viewer, &session, &visit, from, id).await;
    }
    let sealed = seal(&app, visit.id, old.pin.asked).await?;
    let mut op = viewer.begin(&app).await?;
    let replaced = invitation::replace(&mut op, visit.scope(), sealed, &old, form_hash).await;
    let (created, ended) = match replaced.map_err(create_error)? {
        (FromForm::Made(created), ended) => (created, ended),
        (FromForm::Before(id), _) => {
            drop(op);
            return made_before(&app, &viewer, &session, &visit, from, id).await;
        }
    };
    let made = finish(&app, &viewer, &visit, op, &created).await?;
    onboarding::forget(&app.keeper, visit.id, &ended).await;
    Ok(show_made(&app, &session, chrome, visit, from, created, made).await)
}
