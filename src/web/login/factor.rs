//! `/login/factor`: the second factor, after the password.

use askama::Template;
use askama_web::WebTemplate;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use time::OffsetDateTime;
use tower_sessions::Session;

use super::ceremony::{self, PasskeyAnswer};
use super::next;
use super::sign_in::too_soon;
use crate::app::App;
use crate::domain::technician::Technician;
use crate::domain::technician::factor::{
    self, Enrolled, FactorKind, FactorProof, Missing, ProveError,
};
use crate::domain::technician::{Device, complete};
use crate::mail::LoginNews;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Form;
use crate::web::kit::headers::Nonce;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::peer::Asker;
use crate::web::kit::session::{self, Stage, Standing};
use crate::web::kit::tell::tell;
use crate::web::kit::viewer::{needs_passkey, passkeys, prover};

/// The page that asks for a second factor: at the login, and before a dangerous act.
#[derive(Template, WebTemplate)]
#[template(path = "login/factor.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "which of the ways are offered; any of them may be together"
)]
pub(super) struct Page {
    pub nonce: String,
    pub msp_name: String,
    pub email: String,
    /// Somebody signed in proves it again.
    pub is_step_up: bool,
    pub problem: String,
    pub has_passkey: bool,
    pub has_app: bool,
    pub has_codes: bool,
    /// The provider of single sign-on, when it may be asked again.
    pub sso: Option<String>,
    pub next: String,
    pub paths: Paths,
}

/// Where the forms go.
pub(super) struct Paths {
    pub passkey: &'static str,
    pub options: &'static str,
    pub app: &'static str,
    pub recovery: &'static str,
}

impl Page {
    pub(super) fn new(
        app: &App,
        nonce: &Nonce,
        technician: &Technician,
        enrolled: &Enrolled,
    ) -> Self {
        Self {
            nonce: nonce.as_str().to_owned(),
            msp_name: app.site.msp_name.clone(),
            email: technician.email.clone(),
            is_step_up: false,
            problem: String::new(),
            has_passkey: enrolled.has(FactorKind::Passkey) && passkeys(app).is_some(),
            has_app: enrolled.has(FactorKind::Totp),
            has_codes: enrolled.codes_left > 0,
            sso: None,
            next: String::new(),
            paths: Paths {
                passkey: paths::LOGIN_PASSKEY,
                options: paths::LOGIN_PASSKEY_OPTIONS,
                app: paths::LOGIN_FACTOR,
                recovery: paths::LOGIN_RECOVERY,
            },
        }
    }

    /// The same page with what was wrong, and for how long nothing more is looked at.
    pub(super) fn refused(mut self, tried: FactorKind, error: &ProveError) -> Response {
        let (status, wait) = if let ProveError::TooSoon { wait } = error {
            self.problem = too_soon(*wait);
            (StatusCode::TOO_MANY_REQUESTS, Some(*wait))
        } else {
            wrong(tried).clone_into(&mut self.problem);
            (StatusCode::UNPROCESSABLE_ENTITY, None)
        };
        let mut response = (status, self).into_response();
        if let Some(wait) = wait {
            let seconds = HeaderValue::from(wait.whole_seconds().max(0) + 1);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// What to do after a proof that was none.
const fn wrong(tried: FactorKind) -> &'static str {
    match tried {
        FactorKind::Recovery => {
            "That is none of your recovery codes, or it was used before. Each is good once; check what you typed, or use another."
        }
        FactorKind::Passkey => {
            "The passkey was not accepted. Try again with the device that holds it, or use another of your factors."
        }
        FactorKind::Totp | FactorKind::SignOn => {
            "That did not work. A code is good once and for about a minute: wait for the next one, or use another of your factors."
        }
    }
}

/// What was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    pub code: String,
    pub recovery: String,
    pub next: String,
}

/// Who is halfway through the login and has a factor to prove; where else to go, else.
async fn halfway(
    app: &App,
    session: &Session,
) -> WebResult<Result<(Standing, Enrolled), Response>> {
    let Some(standing) = session::standing(session).await? else {
        let next = String::new();
        return Err(WebError::SignIn { next });
    };
    if standing.is_full() {
        let to = next::take(session, app).await?;
        return Ok(Err(Redirect::to(&to).into_response()));
    }
    let enrolled = factor::enrolled(&app.pool, standing.technician.id).await?;
    if standing.has_proved() || enrolled.missing(false) == Some(Missing::AnyFactor) {
        return Ok(Err(Redirect::to(paths::ENROL).into_response()));
    }
    Ok(Ok((standing, enrolled)))
}

pub async fn show(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    session: Session,
) -> WebResult<Response> {
    Ok(match halfway(&app, &session).await? {
        Ok((standing, enrolled)) => {
            Page::new(&app, &nonce, &standing.technician, &enrolled).into_response()
        }
        Err(elsewhere) => elsewhere,
    })
}

/// The code of an authenticator app.
pub async fn code(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    session: Session,
    Form(typed): Form<Typed>,
) -> WebResult<Response> {
    let (standing, enrolled) = match halfway(&app, &session).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let by = prover(&app, &asker);
    let proof = FactorProof::App(&typed.code);
    let proved = factor::prove(&by, &standing.technician, proof, "sign_in").await;
    let proved = (FactorKind::Totp, proved);
    let page = Page::new(&app, &nonce, &standing.technician, &enrolled);
    after(&app, &session, &asker, &standing.technician, proved, page).await
}

/// A recovery code.
pub async fn recovery(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    session: Session,
    Form(typed): Form<Typed>,
) -> WebResult<Response> {
    let (standing, enrolled) = match halfway(&app, &session).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let by = prover(&app, &asker);
    let proof = FactorProof::Recovery(&typed.recovery);
    let proved = factor::prove(&by, &standing.technician, proof, "sign_in").await;
    let proved = (FactorKind::Recovery, proved);
    let page = Page::new(&app, &nonce, &standing.technician, &enrolled);
    after(&app, &session, &asker, &standing.technician, proved, page).await
}

/// What to ask the browser for a passkey.
pub async fn options(State(app): State<App>, session: Session) -> WebResult<Response> {
    match halfway(&app, &session).await? {
        Ok((standing, _)) => ceremony::proof_options(&app, &session, &standing.technician).await,
        Err(_) => Err(WebError::NotFound),
    }
}

/// The browser's answer about a passkey.
pub async fn passkey(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    session: Session,
    Form(answer): Form<PasskeyAnswer>,
) -> WebResult<Response> {
    let (standing, enrolled) = match halfway(&app, &session).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let (by, technician) = (prover(&app, &asker), &standing.technician);
    let proved = ceremony::finish_proof(
        &app,
        &session,
        &by,
        technician,
        &answer.credential,
        "sign_in",
    )
    .await?;
    let page = Page::new(&app, &nonce, technician, &enrolled);
    let proved = (FactorKind::Passkey, proved);
    after(&app, &session, &asker, technician, proved, page).await
}

async fn after(
    app: &App,
    session: &Session,
    asker: &Asker,
    technician: &Technician,
    (tried, proved): (FactorKind, Result<FactorKind, ProveError>),
    page: Page,
) -> WebResult<Response> {
    let kind = match proved {
        Ok(kind) => kind,
        Err(error) => return refused(tried, error, page),
    };
    if kind == FactorKind::Recovery {
        note_recovery(app, session, asker, technician).await?;
    }
    settle(app, session, asker, technician, kind).await
}

/// What is wrong on the page itself, or an error page when that is ours.
pub(super) fn refused(tried: FactorKind, error: ProveError, page: Page) -> WebResult<Response> {
    match error {
        ProveError::Refused | ProveError::TooSoon { .. } => Ok(page.refused(tried, &error)),
        ProveError::Keeper(_) | ProveError::Trouble => Err(WebError::Keeper),
        ProveError::Database(error) => Err(error.into()),
    }
}

/// Somebody used a recovery code: they are told by mail, and how many are left.
pub(super) async fn note_recovery(
    app: &App,
    session: &Session,
    asker: &Asker,
    technician: &Technician,
) -> WebResult<()> {
    let (browser, _) = session::device(session).await?;
    tell(app, technician, LoginNews::CodeUsed, &browser, &asker.ip);
    let left = factor::enrolled(&app.pool, technician.id).await?.codes_left;
    let text =
        format!("A recovery code was used up; {left} are left. Your profile makes new ones.");
    notice::leave(session, Tone::Warn, text).await;
    Ok(())
}

/// A factor was proved: the login begins ([`enter`]), unless something is still to be set up.
pub(super) async fn settle(
    app: &App,
    session: &Session,
    asker: &Asker,
    technician: &Technician,
    kind: FactorKind,
) -> WebResult<Response> {
    let enrolled = factor::enrolled(&app.pool, technician.id).await?;
    let proof = (kind, app.clock.now());
    if enrolled
        .missing(needs_passkey(app, technician.role))
        .is_some()
    {
        session::advance(session, Stage::Enrolling, proof).await?;
        return Ok(Redirect::to(paths::ENROL).into_response());
    }
    enter(app, session, asker, technician, proof).await
}

/// Nothing is missing: the login begins, with what was proved and when.
pub(super) async fn enter(
    app: &App,
    session: &Session,
    asker: &Asker,
    technician: &Technician,
    (kind, proved_at): (FactorKind, OffsetDateTime),
) -> WebResult<Response> {
    let (browser, ip) = session::device(session).await?;
    let device = Device {
        words: &browser,
        ip: &ip,
    };
    let mut op = prover(app, asker).begin(technician).await?;
    let is_new_device = complete(&mut op, technician, kind, device).await?;
    op.commit().await?;
    if is_new_device {
        tell(app, technician, LoginNews::NewDevice, &browser, &ip);
    }
    session::advance(session, Stage::Full, (kind, proved_at)).await?;
    Ok(Redirect::to(&next::take(session, app).await?).into_response())
}
