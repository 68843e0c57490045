//! The PIN told by telephone: asked for before anything of the tenant is shown. Five wrong ones end the invitation, and then
//! its page is the one of every link that does not work.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::cookies;
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
    msp_name: String,
    msp_legal_name: String,
    report_to: String,
}

/// Where the PIN is typed.
#[derive(Template, askama_web::WebTemplate)]
#[template(path = "onboarding/pin.html")]
struct PinPage {
    nonce: String,
    msp_name: String,
    report_to: String,
    /// Never holds what was typed.
    pin: Field,
}

/// GET of the link.
pub fn announce(app: &App, visitor: &Visitor) -> Response {
    AnnouncedPage {
        nonce: visitor.nonce.clone(),
        msp_name: app.site.msp_name.clone(),
        msp_legal_name: app.site.msp_legal_name.clone(),
        report_to: app.site.report_to.clone(),
    }
    .into_response()
}

/// GET of the clean address, while the PIN is missing.
pub async fn ask(app: &App, op: &mut Op, visitor: &Visitor, invitation: &Invitation) -> WebResult {
    if Inviter::read(app, op, invitation).await?.is_none() {
        return Ok(link::invalid(app, visitor));
    }
    Ok(page(app, visitor, None).into_response())
}

fn page(app: &App, visitor: &Visitor, error: Option<String>) -> PinPage {
    PinPage {
        nonce: visitor.nonce.clone(),
        msp_name: app.site.msp_name.clone(),
        report_to: app.site.report_to.clone(),
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
    drop(op);
    link::slow_down(&app, &visitor).await?;
    let Some(pin) = Pin::parse(&form.pin) else {
        let error = "Type the eight digits that your contact told you.";
        return Ok(wrong(&app, &visitor, error.to_owned()));
    };
    match check(&app, &visitor, &invitation, &pin).await? {
        Told::Right(pass) => {
            let jar = cookies::keep_pin_pass(&app, visitor.jar, &pass);
            Ok((jar, Redirect::to(paths::ONBOARDING)).into_response())
        }
        Told::Wrong(left) => {
            let tries = if left == 1 { "try is" } else { "tries are" };
            let error = format!("That is not the PIN. {left} {tries} left, then the link ends.");
            Ok(wrong(&app, &visitor, error))
        }
        Told::Over => Ok(link::invalid(&app, &visitor)),
    }
}

fn wrong(app: &App, visitor: &Visitor, error: String) -> Response {
    let page = page(app, visitor, Some(error));
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
