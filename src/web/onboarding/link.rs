//! The link itself: a page with a button on GET, which changes nothing (mail scanners open links); the cookie on POST. And
//! one and the same page for every link that does not work, with "Ask for a new link".

use std::convert::Infallible;

use askama::Template;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::cookies;
use super::face::Face;
use super::holder::Visitor;
use super::inviter::Inviter;
use super::pin;
use crate::app::App;
use crate::domain::invitation::{self, LinkToken};
use crate::domain::technician;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Form;
use crate::web::kit::paths;

/// Step 1: who invites whom, and what will be asked.
#[derive(Template, askama_web::WebTemplate)]
#[template(path = "onboarding/link.html")]
struct LinkPage {
    nonce: String,
    face: Face,
    inviter: Inviter,
}

/// The page for unknown, expired, used, revoked and altered links. It says nothing that one of them does not.
#[derive(Template, askama_web::WebTemplate)]
#[template(path = "onboarding/invalid.html")]
struct InvalidPage {
    nonce: String,
    face: Face,
}

/// The answer to "Ask for a new link", whatever the link was.
#[derive(Template, askama_web::WebTemplate)]
#[template(path = "onboarding/asked.html")]
struct AskedPage {
    nonce: String,
    face: Face,
}

/// The token in the address; none for whatever is no token, also for bytes that are no text.
pub struct LinkPath(Option<LinkToken>);

impl<S: Send + Sync> FromRequestParts<S> for LinkPath {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(
            text.ok().and_then(|Path(text)| LinkToken::parse(&text)),
        ))
    }
}

/// GET: the button. Nothing is changed, so that a mail scanner may look first; not even counted, since of 2^256 links nobody
/// finds one by looking. What is tried with a button is.
pub async fn show(
    State(app): State<App>,
    LinkPath(token): LinkPath,
    visitor: Visitor,
) -> WebResult {
    let wish = visitor.wish;
    let answer = look(&app, token, visitor).await?;
    Ok(wish.keep(&app, answer))
}

async fn look(app: &App, token: Option<LinkToken>, visitor: Visitor) -> WebResult {
    let mut op = visitor.begin(app).await?;
    let Some(token) = token else {
        return Ok(invalid(app, &visitor).await);
    };
    let found = invitation::find_by_link(&mut op, &token).await?;
    let Some(invitation) = found.filter(|one| one.state.is_good()) else {
        return Ok(invalid(app, &visitor).await);
    };
    let Some(inviter) = Inviter::read(app, &mut op, &visitor, &invitation).await? else {
        return Ok(invalid(app, &visitor).await);
    };
    if invitation.pin.asked {
        return pin::announce(app, &mut op, &visitor, &invitation).await;
    }
    let page = LinkPage {
        nonce: visitor.nonce,
        face: inviter.face.clone(),
        inviter,
    };
    Ok(page.into_response())
}

/// What the buttons send.
#[derive(Debug, Deserialize)]
pub struct LinkForm {
    #[serde(default)]
    ask: String,
}

/// POST: keep the token in a cookie and go to the clean address; or ask for a new link.
pub async fn take(
    State(app): State<App>,
    LinkPath(token): LinkPath,
    visitor: Visitor,
    Form(form): Form<LinkForm>,
) -> WebResult {
    if form.ask == "new_link" {
        return ask(&app, &visitor, token.as_ref()).await;
    }
    let mut op = visitor.begin(&app).await?;
    let found = match &token {
        Some(token) => invitation::find_by_link(&mut op, token).await?,
        None => None,
    };
    let good = match found.filter(|one| one.state.is_good()) {
        Some(invitation)
            if Inviter::read(&app, &mut op, &visitor, &invitation)
                .await?
                .is_some() =>
        {
            invitation::opened(&mut op, &invitation).await?;
            true
        }
        _ => false,
    };
    match token {
        Some(token) if good => {
            op.commit().await?;
            let jar = cookies::keep_link(&app, visitor.jar, &token);
            Ok((jar, Redirect::to(paths::ONBOARDING)).into_response())
        }
        _ => {
            drop(op);
            slow_down(&app, &visitor).await?;
            Ok(invalid(&app, &visitor).await)
        }
    }
}

/// Guessing and pestering get slower, by the same brake as the login: every such attempt counts, whatever the link was.
pub(super) async fn slow_down(app: &App, visitor: &Visitor) -> WebResult<()> {
    let mut op = visitor.begin(app).await?;
    let wait = technician::slow_down(&mut op, &visitor.ip).await?;
    op.commit().await?;
    match wait {
        None => Ok(()),
        Some(wait) => Err(WebError::Busy {
            retry_after_s: u32::try_from(wait.whole_seconds().max(1)).unwrap_or(900),
        }),
    }
}

/// "Ask for a new link" on the clean address, where the cookie names the link.
pub async fn ask_from_page(State(app): State<App>, visitor: Visitor) -> WebResult {
    let token = cookies::link(&app, &visitor.jar);
    ask(&app, &visitor, token.as_ref()).await
}

async fn ask(app: &App, visitor: &Visitor, token: Option<&LinkToken>) -> WebResult {
    slow_down(app, visitor).await?;
    let mut op = visitor.begin(app).await?;
    invitation::ask_new_link(&mut op, token).await?;
    op.commit().await?;
    Ok(Redirect::to(paths::ONBOARDING_ASKED).into_response())
}

pub async fn asked(State(app): State<App>, visitor: Visitor) -> WebResult {
    let mut op = visitor.begin(&app).await?;
    let page = AskedPage {
        face: Face::read(&app, &mut op, &visitor, None).await?,
        nonce: visitor.nonce,
    };
    Ok(visitor.wish.keep(&app, page.into_response()))
}

/// The one page for every link that does not work.
pub async fn invalid(app: &App, visitor: &Visitor) -> Response {
    match face_of_nobody(app, visitor).await {
        Ok(face) => {
            let nonce = visitor.nonce.clone();
            (StatusCode::NOT_FOUND, InvalidPage { nonce, face }).into_response()
        }
        Err(error) => WebError::from(error).into_response(),
    }
}

async fn face_of_nobody(app: &App, visitor: &Visitor) -> Result<Face, sqlx::Error> {
    let mut op = visitor.begin(app).await?;
    let face = Face::read(app, &mut op, visitor, None).await?;
    Ok(face.without_switch())
}
