//! `/login/enrol`: the first factor, before anything else. A passkey, or an authenticator app where the role allows one; then the
//! recovery codes, once.

use askama::Template;
use askama_web::WebTemplate;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;

use super::ceremony::{self, PasskeyAnswer};
use super::enrol_app::{AppPage, make_setup, present_setup};
use super::factor::{Typed, settle};
use super::next;
use super::recovery_codes::{CodesPage, MakeCodesPage};
use crate::app::App;
use crate::domain::technician::factor::{
    self, EnrolError, Enrolled, FactorKind, Missing, confirm_app, keep_codes, make_codes,
};
use crate::mail::LoginNews;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Form;
use crate::web::kit::headers::Nonce;
use crate::web::kit::paths;
use crate::web::kit::peer::Asker;
use crate::web::kit::session::{self, Stage, Standing};
use crate::web::kit::tell::tell;
use crate::web::kit::viewer::{needs_passkey, passkeys, prover};

#[derive(Template, WebTemplate)]
#[template(path = "login/enrol.html")]
struct Page {
    nonce: String,
    msp_name: String,
    display_name: String,
    problem: String,
    /// Browsers offer passkeys here.
    has_passkeys: bool,
    /// An authenticator app will do.
    may_use_app: bool,
    /// A passkey is asked besides the factor that was just proved.
    is_second: bool,
}

/// Who may set something up now, and what is missing; where else to go, else.
struct Open {
    standing: Standing,
    enrolled: Enrolled,
    missing: Missing,
    needs_passkey: bool,
}

async fn open(app: &App, session: &Session) -> WebResult<Result<Open, Response>> {
    let Some(standing) = session::standing(session).await? else {
        let next = String::new();
        return Err(WebError::SignIn { next });
    };
    if standing.is_full() {
        let to = next::take(session, app).await?;
        return Ok(Err(Redirect::to(&to).into_response()));
    }
    let technician = &standing.technician;
    let enrolled = factor::enrolled(&app.pool, technician.id).await?;
    if !standing.has_proved() && !enrolled.factors.is_empty() {
        return Ok(Err(Redirect::to(paths::LOGIN_FACTOR).into_response()));
    }
    let needs_passkey = needs_passkey(app, technician.role);
    let Some(missing) = enrolled.missing(needs_passkey) else {
        // Set up in another window meanwhile: sign in with it.
        session.flush().await?;
        return Ok(Err(Redirect::to(paths::LOGIN).into_response()));
    };
    Ok(Ok(Open {
        standing,
        enrolled,
        missing,
        needs_passkey,
    }))
}

impl Open {
    fn page(&self, app: &App, nonce: &Nonce, problem: &str) -> Page {
        let has_passkeys = passkeys(app).is_some();
        Page {
            nonce: nonce.as_str().to_owned(),
            msp_name: app.site.msp_name.clone(),
            display_name: self.standing.technician.display_name.clone(),
            problem: problem.to_owned(),
            has_passkeys,
            may_use_app: !self.needs_passkey,
            is_second: !self.enrolled.factors.is_empty(),
        }
    }

    fn may_use_app(&self) -> WebResult<()> {
        if self.missing == Missing::AnyFactor && !self.needs_passkey {
            Ok(())
        } else {
            Err(WebError::Forbidden)
        }
    }
}

pub async fn show(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    session: Session,
) -> WebResult<Response> {
    let open = match open(&app, &session).await? {
        Ok(open) => open,
        Err(elsewhere) => return Ok(elsewhere),
    };
    if open.missing == Missing::RecoveryCodes {
        return Ok(MakeCodesPage::new(&app, &nonce).into_response());
    }
    Ok(open.page(&app, &nonce, "").into_response())
}

/// What to ask the browser for a new passkey.
pub async fn options(State(app): State<App>, session: Session) -> WebResult<Response> {
    match open(&app, &session).await? {
        Ok(open) => ceremony::enrolment_options(&app, &session, &open.standing.technician).await,
        Err(_) => Err(WebError::NotFound),
    }
}

/// The passkey that the browser made.
pub async fn passkey(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    session: Session,
    Form(answer): Form<PasskeyAnswer>,
) -> WebResult<Response> {
    let open = match open(&app, &session).await? {
        Ok(open) => open,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let (by, technician) = (prover(&app, &asker), &open.standing.technician);
    let has_proved = open.standing.has_proved();
    let added =
        ceremony::finish_enrolment(&app, &session, &by, technician, &answer, has_proved).await?;
    match added {
        Ok(()) => added_one(&app, &nonce, &session, &asker, &open, FactorKind::Passkey).await,
        Err(error) => {
            let problem = problem(error)?;
            let page = open.page(&app, &nonce, problem);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// "Use an authenticator app instead": the keeper makes a seed.
pub async fn begin_app(
    State(app): State<App>,
    asker: Asker,
    session: Session,
) -> WebResult<Response> {
    let open = match open(&app, &session).await? {
        Ok(open) => open,
        Err(elsewhere) => return Ok(elsewhere),
    };
    open.may_use_app()?;
    let by = prover(&app, &asker);
    make_setup(&by, &open.standing.technician).await?;
    Ok(Redirect::to(paths::ENROL_APP).into_response())
}

/// What the app is to read.
pub async fn app(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    session: Session,
) -> WebResult<Response> {
    let open = match open(&app, &session).await? {
        Ok(open) => open,
        Err(elsewhere) => return Ok(elsewhere),
    };
    open.may_use_app()?;
    app_page(&app, &nonce, &asker, &open, None).await
}

async fn app_page(
    app: &App,
    nonce: &Nonce,
    asker: &Asker,
    open: &Open,
    problem: Option<&str>,
) -> WebResult<Response> {
    let by = prover(app, asker);
    let setup = present_setup(&by, &open.standing.technician, &app.site.msp_name).await?;
    let Some(setup) = setup else {
        return Ok(Redirect::to(paths::ENROL).into_response());
    };
    let page = AppPage::new(nonce, app, setup, problem);
    let status = if problem.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    Ok((status, page).into_response())
}

/// The first code that the app shows.
pub async fn app_code(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    session: Session,
    Form(typed): Form<Typed>,
) -> WebResult<Response> {
    let open = match open(&app, &session).await? {
        Ok(open) => open,
        Err(elsewhere) => return Ok(elsewhere),
    };
    open.may_use_app()?;
    let by = prover(&app, &asker);
    let has_proved = open.standing.has_proved();
    match confirm_app(&by, &open.standing.technician, &typed.code, has_proved).await {
        Ok(()) => added_one(&app, &nonce, &session, &asker, &open, FactorKind::Totp).await,
        Err(error) => {
            let problem = problem(error)?;
            app_page(&app, &nonce, &asker, &open, Some(problem)).await
        }
    }
}

/// What to say about it; an error page when that is ours.
pub fn problem(error: EnrolError) -> WebResult<&'static str> {
    Ok(match error {
        EnrolError::WrongCode => {
            "This is not the code that the app shows now. Check the time of your phone, and type the next code."
        }
        EnrolError::ProveFirst => "A second factor was set up meanwhile. Sign in again and use it.",
        EnrolError::TooMany => "You have ten factors. Remove one first.",
        EnrolError::Known => "This passkey is one of yours already.",
        EnrolError::Passkey(error) => {
            tracing::info!(%error, "a passkey could not be added");
            "The browser did not make a passkey in time, or it could not be checked. Try again."
        }
        EnrolError::App(_) => return Err(WebError::Keeper),
        EnrolError::Database(error) => return Err(error.into()),
    })
}

/// A factor was added, which proved it: the recovery codes come next, shown here and never again.
async fn added_one(
    app: &App,
    nonce: &Nonce,
    session: &Session,
    asker: &Asker,
    open: &Open,
    kind: FactorKind,
) -> WebResult<Response> {
    let technician = &open.standing.technician;
    tell_of_factor(app, session, asker, open).await?;
    let enrolled = factor::enrolled(&app.pool, technician.id).await?;
    if enrolled.missing(open.needs_passkey) != Some(Missing::RecoveryCodes) {
        return settle(app, session, asker, technician, kind).await;
    }
    session::advance(session, Stage::Enrolling, (kind, app.clock.now())).await?;
    show_codes(app, nonce, asker, open).await
}

async fn tell_of_factor(app: &App, session: &Session, asker: &Asker, open: &Open) -> WebResult<()> {
    let (browser, _) = session::device(session).await?;
    let technician = &open.standing.technician;
    tell(app, technician, LoginNews::FactorAdded, &browser, &asker.ip);
    Ok(())
}

async fn show_codes(app: &App, nonce: &Nonce, asker: &Asker, open: &Open) -> WebResult<Response> {
    let technician = &open.standing.technician;
    let mut op = prover(app, asker).begin(technician).await?;
    let codes = make_codes(&mut op, technician.id).await?;
    op.commit().await?;
    Ok(CodesPage::new(app, nonce, technician, &codes, paths::ENROL_DONE).into_response())
}

/// "Make recovery codes": when the page that showed them was lost.
pub async fn codes(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    session: Session,
) -> WebResult<Response> {
    match open(&app, &session).await? {
        Ok(open) if open.missing == Missing::RecoveryCodes => {
            show_codes(&app, &nonce, &asker, &open).await
        }
        Ok(_) => Ok(Redirect::to(paths::ENROL).into_response()),
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// "I have saved these codes": the login begins.
pub async fn done(State(app): State<App>, asker: Asker, session: Session) -> WebResult<Response> {
    let open = match open(&app, &session).await? {
        Ok(open) => open,
        Err(elsewhere) => return Ok(elsewhere),
    };
    // Nobody keeps codes that were never made.
    let may = open.missing == Missing::RecoveryCodes && open.enrolled.codes_left > 0;
    let (true, Some(kind)) = (may, open.standing.factor) else {
        return Ok(Redirect::to(paths::ENROL).into_response());
    };
    let technician = &open.standing.technician;
    let mut op = prover(&app, &asker).begin(technician).await?;
    keep_codes(&mut op, technician.id).await?;
    op.commit().await?;
    settle(&app, &session, &asker, technician, kind).await
}
