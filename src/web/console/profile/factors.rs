//! One's own factors: adding, renaming, removing them, and new recovery codes. Each needs a fresh proof and ends every other
//! login; the own one goes on under a new id.

use askama::Template;
use askama_web::WebTemplate;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;
use uuid::Uuid;

use super::{PasswordForm, page};
use crate::app::App;
use crate::domain::technician::end_other_sessions;
use crate::domain::technician::factor::{
    self, ChangeFactorError, EnrolError, confirm_app, keep_codes, make_codes,
};
use crate::mail::LoginNews;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form};
use crate::web::kit::headers::Nonce;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::viewer::{Viewer, needs_passkey};
use crate::web::kit::{paths, session, tell};
use crate::web::login::{self, CodesPage, PasskeyAnswer, SetupView};

/// Sets up an authenticator app.
#[derive(Template, WebTemplate)]
#[template(path = "console/profile/app.html")]
struct AppPage {
    chrome: Chrome,
    setup: SetupView,
    code: Field,
}

/// What to ask the browser for a new passkey.
pub async fn options(State(app): State<App>, viewer: Viewer, session: Session) -> WebResult {
    login::enrolment_options(&app, &session, &viewer.technician()).await
}

/// The passkey that the browser made.
pub async fn passkey(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Form(answer): Form<PasskeyAnswer>,
) -> WebResult {
    let (by, technician) = (viewer.prover(&app), viewer.technician());
    let added = login::finish_enrolment(&app, &session, &by, &technician, &answer, true).await?;
    match added {
        Ok(()) => {
            let text = "The passkey was added. Every other login of yours has ended.";
            changed(&app, &viewer, &session, LoginNews::FactorAdded, text).await
        }
        Err(error) => refused(&app, &viewer, chrome, error).await,
    }
}

/// "Add an authenticator app": the keeper makes a seed.
pub async fn begin_app(State(app): State<App>, viewer: Viewer) -> WebResult {
    login::make_setup(&viewer.prover(&app), &viewer.technician()).await?;
    Ok(Redirect::to(paths::PROFILE_APP).into_response())
}

/// What the app is to read.
pub async fn app(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult {
    app_page(&app, &viewer, chrome, None).await
}

async fn app_page(
    app: &App,
    viewer: &Viewer,
    chrome: Chrome,
    problem: Option<&'static str>,
) -> WebResult {
    let (by, technician) = (viewer.prover(app), viewer.technician());
    let Some(setup) = login::present_setup(&by, &technician, &app.site.msp_name).await? else {
        return Ok(Redirect::to(paths::PROFILE).into_response());
    };
    let status = if problem.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = AppPage {
        chrome,
        setup,
        code: Field::default().with_error(problem.map(str::to_owned)),
    };
    Ok((status, page).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Code {
    code: String,
}

/// The first code that the app shows.
pub async fn app_code(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Form(typed): Form<Code>,
) -> WebResult {
    let (by, technician) = (viewer.prover(&app), viewer.technician());
    match confirm_app(&by, &technician, &typed.code, true).await {
        Ok(()) => {
            let text = "The authenticator app was added. Every other login of yours has ended.";
            changed(&app, &viewer, &session, LoginNews::FactorAdded, text).await
        }
        Err(EnrolError::WrongCode) => {
            let problem = login::problem(EnrolError::WrongCode)?;
            app_page(&app, &viewer, chrome, Some(problem)).await
        }
        Err(error) => refused(&app, &viewer, chrome, error).await,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Name {
    name: String,
}

/// "Rename": changes nothing that opens a door.
pub async fn rename(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
    Form(typed): Form<Name>,
) -> WebResult {
    let id = Uuid::try_parse(&id).map_err(|_| WebError::NotFound)?;
    let mut op = viewer.begin(&app).await?;
    let (tone, text) = match factor::rename(&mut op, viewer.id, id, &typed.name).await {
        Ok(name) => {
            op.commit().await?;
            (Tone::Ok, format!("It is called “{name}” now."))
        }
        Err(ChangeFactorError::NotFound) => return Err(WebError::NotFound),
        Err(ChangeFactorError::Database(error)) => return Err(error.into()),
        Err(error) => (Tone::Warn, format!("Nothing was changed: {error}.")),
    };
    notice::leave(&session, tone, text).await;
    Ok(Redirect::to(paths::PROFILE).into_response())
}

/// "Remove": never the last, nor the last passkey of who needs one.
pub async fn remove(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let id = Uuid::try_parse(&id).map_err(|_| WebError::NotFound)?;
    let needs_passkey = needs_passkey(&app, viewer.role);
    let mut op = viewer.begin(&app).await?;
    match factor::remove(&mut op, viewer.id, id, needs_passkey).await {
        Ok(name) => {
            op.commit().await?;
            let text = format!("“{name}” was removed. Every other login of yours has ended.");
            changed(&app, &viewer, &session, LoginNews::FactorRemoved, &text).await
        }
        Err(ChangeFactorError::NotFound) => Err(WebError::NotFound),
        Err(ChangeFactorError::Database(error)) => Err(error.into()),
        Err(error) => {
            let text = format!("Nothing was changed: {error}. Add another one first.");
            notice::leave(&session, Tone::Warn, text).await;
            Ok(Redirect::to(paths::PROFILE).into_response())
        }
    }
}

/// "Make new recovery codes": shown here and never again.
pub async fn codes(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    viewer: Viewer,
    session: Session,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let codes = make_codes(&mut op, viewer.id).await?;
    op.commit().await?;
    let technician = viewer.technician();
    let (browser, ip) = session::device(&session).await?;
    tell::tell(&app, &technician, LoginNews::CodesMade, &browser, &ip);
    let done = paths::PROFILE_CODES_KEPT;
    Ok(CodesPage::new(&app, &nonce, &technician, &codes, done).into_response())
}

/// "I have saved these codes".
pub async fn codes_kept(State(app): State<App>, viewer: Viewer, session: Session) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let enrolled = factor::enrolled_in(&mut op, viewer.id).await?;
    if enrolled.codes_left == 0 {
        return Err(WebError::Conflict(
            "There are no recovery codes to keep. Make new ones.",
        ));
    }
    keep_codes(&mut op, viewer.id).await?;
    op.commit().await?;
    notice::leave(&session, Tone::Ok, "You have ten recovery codes.").await;
    Ok(Redirect::to(paths::PROFILE).into_response())
}

/// What follows any change of factors.
async fn changed(
    app: &App,
    viewer: &Viewer,
    session: &Session,
    news: LoginNews,
    text: &str,
) -> WebResult {
    let mut op = viewer.begin(app).await?;
    end_other_sessions(&mut op, viewer.id, viewer.session).await?;
    op.commit().await?;
    session::renew(session).await?;
    let (browser, ip) = session::device(session).await?;
    tell::tell(app, &viewer.technician(), news, &browser, &ip);
    notice::leave(session, Tone::Ok, text).await;
    Ok(Redirect::to(paths::PROFILE).into_response())
}

async fn refused(app: &App, viewer: &Viewer, chrome: Chrome, error: EnrolError) -> WebResult {
    let problem = login::problem(error)?;
    let page = page(app, viewer, chrome, PasswordForm::default(), problem).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}
