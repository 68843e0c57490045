//! The Auth URL of one invitation with a copy button. Each showing is written to the audit log before the keeper is asked.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{Made, link_error};
use crate::app::App;
use crate::domain::invitation::{self, Invitation, Pin};
use crate::storage::InvitationId;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Query;
use crate::web::kit::notice::Notice;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;
use crate::web::parts::invitations::{From, WantsText};
use crate::web::portal::Visit;

#[derive(Template, WebTemplate)]
#[template(path = "portal/invitations/auth_url.html")]
struct AuthUrlPage {
    chrome: Chrome,
    visit: Visit,
    /// How the mailing went, when the invitation was just made.
    outcome: Option<Notice>,
    auth_url: String,
    reference: String,
    expected_admin: String,
    expires: When,
    /// In the answer that made it and never again.
    pin: Option<String>,
    asks_pin: bool,
    back: String,
}

/// The page right after an invitation with a PIN was made. Not a redirect: nothing keeps the PIN until the next request.
pub(super) fn after_making(
    app: &App,
    chrome: Chrome,
    visit: Visit,
    from: From,
    made: Made,
    pin: &Pin,
) -> Response {
    AuthUrlPage {
        chrome,
        auth_url: made.token.auth_url(&app.site.base_url),
        pin: Some(pin.spoken()),
        asks_pin: true,
        expires: When::new(made.invitation.expires_at, app.clock.now()),
        reference: made.invitation.reference,
        expected_admin: made.invitation.expected_admin,
        outcome: Some(made.outcome),
        back: from.address(visit.paths()),
        visit,
    }
    .into_response()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AuthUrlQuery {
    from: String,
}

/// GET: the link. A `viewer` may not see it: whoever has it can answer for the customer.
pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
    mut chrome: Chrome,
    WantsText(wants_text): WantsText,
    Query(query): Query<AuthUrlQuery>,
) -> WebResult {
    let id = id.parse().map_err(|_| WebError::NotFound)?;
    let (task_app, task_visit) = (app.clone(), visit.clone());
    // The entry is written also when the browser goes away meanwhile: in a task of its own.
    let written =
        tokio::spawn(async move { write_down(&task_app, &viewer, &task_visit, id).await });
    let invitation = written
        .await
        .map_err(|error| WebError::Unexpected(error.into()))??;
    let token = invitation::reveal(&app.keeper, &invitation)
        .await
        .map_err(link_error)?;
    let auth_url = token.auth_url(&app.site.base_url);
    if wants_text {
        return Ok(auth_url.into_response());
    }
    let page = AuthUrlPage {
        outcome: chrome.notice.take(),
        chrome,
        auth_url,
        pin: None,
        asks_pin: invitation.pin.asked,
        reference: invitation.reference,
        expected_admin: invitation.expected_admin,
        expires: When::new(invitation.expires_at, app.clock.now()),
        back: From::read(&query.from).address(visit.paths()),
        visit,
    };
    Ok(page.into_response())
}

async fn write_down(
    app: &App,
    viewer: &Viewer,
    visit: &Visit,
    id: InvitationId,
) -> WebResult<Invitation> {
    let mut op = viewer.begin(app).await?;
    let found = invitation::find(&mut op, visit.scope(), id).await?;
    let invitation = found.ok_or(WebError::NotFound)?;
    if !invitation.state.is_good() {
        return Err(WebError::Conflict(
            "This link no longer works: it was used, withdrawn or has run out. Go back and make a new link.",
        ));
    }
    invitation::record_shown(&mut op, &invitation).await?;
    op.commit().await?;
    Ok(invitation)
}
