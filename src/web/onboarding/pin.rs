//! The PIN told by telephone: asked for before anything of the tenant is shown. Five wrong ones end the invitation, and then
//! its page is the one of every link that does not work.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::cookies;
use super::face::Face;
use super::holder::Visitor;
use super::inviter::Inviter;
use super::link;
use crate::app::App;
use crate::domain::invitation::{self, Invitation, Pin, PinPass, WrongPin};
use crate::domain::onboarding;
use crate::domain::op::Op;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form};
use crate::web::kit::paths;

/// The link's first page, when a PIN will be asked for: a button, and nothing of the tenant.
#[derive(Template, askama_web::WebTemplate)]
#[template(path = "onboarding/pin_link.html")]
struct AnnouncedPage {
    nonce: String,
    face: Face,
}

/// Where the PIN is typed.
#[derive(Template, askama_web::WebTemplate)]
#[template(path = "onboarding/pin.html")]
struct PinPage {
    nonce: String,
    face: Face,
    /// Never holds what was typed.
    pin: Field,
}

/// GET of the link.
pub async fn announce(
    app: &App,
    op: &mut Op,
    visitor: &Visitor,
    invitation: &Invitation,
) -> WebResult {
    let page = AnnouncedPage {
        nonce: visitor.nonce.clone(),
        face: Face::read(app, op, visitor, Some(invitation.tenant_id)).await?,
    };
    Ok(page.into_response())
}

/// GET of the clean address, while the PIN is missing.
pub async fn ask(app: &App, op: &mut Op, visitor: &Visitor, invitation: &Invitation) -> WebResult {
    let Some(inviter) = Inviter::read(app, op, visitor, invitation).await? else {
        return Ok(link::invalid(app, visitor).await);
    };
    Ok(page(visitor, inviter.face, None).into_response())
}

fn page(visitor: &Visitor, face: Face, error: Option<String>) -> PinPage {
    PinPage {
        nonce: visitor.nonce.clone(),
        face,
        pin: Field::default().with_error(error),
    }
}

/// The PIN as typed. No `Debug`: it may be right.
#[derive(Deserialize)]
pub struct PinForm {
    #[serde(default)]
    pin: String,
}

/// POST: the PIN. What is no PIN at all costs no try.
pub async fn tell(
    State(app): State<App>,
    visitor: Visitor,
    Form(form): Form<PinForm>,
) -> WebResult {
    let mut op = visitor.begin(&app).await?;
    let Some(invitation) = visitor.locked(&app, &mut op).await? else {
        // Told already, or nothing to be told here: the page knows.
        return Ok(Redirect::to(paths::ONBOARDING).into_response());
    };
    op.enter(invitation.tenant_id).await?;
    let face = Face::read(&app, &mut op, &visitor, Some(invitation.tenant_id)).await?;
    let words = face.words;
    drop(op);
    link::slow_down(&app, &visitor).await?;
    let Some(pin) = Pin::parse(&form.pin) else {
        return Ok(wrong(&visitor, face, words.pin_shape.text()));
    };
    match check(&app, &visitor, &invitation, &pin).await? {
        Told::Right(pass) => {
            let jar = cookies::keep_pin_pass(&app, visitor.jar, &pass);
            Ok((jar, Redirect::to(paths::ONBOARDING)).into_response())
        }
        Told::Wrong(left) => {
            let error = if left == 1 {
                words.pin_wrong_one.text()
            } else {
                words.pin_wrong.with("left", left).text()
            };
            Ok(wrong(&visitor, face, error))
        }
        Told::Over => Ok(link::invalid(&app, &visitor).await),
    }
}

fn wrong(visitor: &Visitor, face: Face, error: String) -> Response {
    let page = page(visitor, face, Some(error));
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

enum Told {
    Right(PinPass),
    /// So many tries are left.
    Wrong(i16),
    Over,
}

/// Spend a try, then look, then write down what came of it: three steps, since looking is slow.
async fn check(
    app: &App,
    visitor: &Visitor,
    invitation: &Invitation,
    pin: &Pin,
) -> WebResult<Told> {
    let mut op = visitor.begin(app).await?;
    let spent = invitation::spend_pin_try(&mut op, invitation).await?;
    op.commit().await?;
    let Some(spent) = spent else {
        return Ok(Told::Over);
    };
    let right = spent.is_right(pin).await;
    let mut op = visitor.begin(app).await?;
    let told = match right {
        Err(_) => {
            invitation::give_back_pin_try(&mut op, invitation).await?;
            op.commit().await?;
            return Err(WebError::Busy { retry_after_s: 5 });
        }
        Ok(true) => {
            let pass = invitation::accept_pin(&mut op, invitation).await?;
            pass.map_or(Told::Over, Told::Right)
        }
        Ok(false) => match invitation::refuse_pin(&mut op, invitation, &spent).await? {
            WrongPin::Left(left) => Told::Wrong(left),
            WrongPin::Ended(flows) => {
                op.commit().await?;
                onboarding::forget(&app.keeper, invitation.tenant_id, &flows).await;
                return Ok(Told::Over);
            }
        },
    };
    op.commit().await?;
    Ok(told)
}
