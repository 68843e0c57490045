//! The two halves of a passkey's ceremony with a browser: what it is asked, as JSON for our script, and its answer, as a field
//! of a form.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tower_sessions::Session;

use crate::app::App;
use crate::domain::technician::Technician;
use crate::domain::technician::factor::{
    self, Ceremony, EnrolError, FactorProof, PasskeyError, Prover, passkeys_of,
};
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::session;
use crate::web::kit::viewer::passkeys;

/// What the script filled in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PasskeyAnswer {
    pub credential: String,
    pub name: String,
    pub next: String,
}

/// What to ask a browser for a new passkey.
pub async fn enrolment_options(
    app: &App,
    session: &Session,
    technician: &Technician,
) -> WebResult<Response> {
    let passkeys = passkeys(app).ok_or(WebError::NotFound)?;
    let known = passkeys_of(&app.pool, technician.id).await?;
    let (asked, ceremony) = passkeys
        .begin_enrolment(technician, &known)
        .map_err(unexpected)?;
    session::keep_challenge(app, session, &ceremony).await?;
    Ok(Json(asked).into_response())
}

/// What to ask a browser for a proof of one of the known passkeys.
pub(super) async fn proof_options(
    app: &App,
    session: &Session,
    technician: &Technician,
) -> WebResult<Response> {
    let passkeys = passkeys(app).ok_or(WebError::NotFound)?;
    let known = passkeys_of(&app.pool, technician.id).await?;
    if known.is_empty() {
        return Err(WebError::NotFound);
    }
    let (asked, ceremony) = passkeys
        .begin_proof(technician.id, &known)
        .map_err(unexpected)?;
    session::keep_challenge(app, session, &ceremony).await?;
    Ok(Json(asked).into_response())
}

/// Store the passkey that the browser made.
pub async fn finish_enrolment(
    app: &App,
    session: &Session,
    by: &Prover<'_>,
    technician: &Technician,
    answer: &PasskeyAnswer,
    has_proved: bool,
) -> WebResult<Result<(), EnrolError>> {
    let passkeys = passkeys(app).ok_or(WebError::NotFound)?;
    let ceremony = session::take_challenge::<Ceremony>(app, session).await?;
    let parts = (&passkeys, ceremony, answer.credential.as_str());
    Ok(factor::add_passkey(by, technician, parts, &answer.name, has_proved).await)
}

/// Look at the browser's proof.
pub(super) async fn finish_proof(
    app: &App,
    session: &Session,
    by: &Prover<'_>,
    technician: &Technician,
    answer: &str,
    what_for: &'static str,
) -> WebResult<Result<factor::FactorKind, factor::ProveError>> {
    let passkeys = passkeys(app).ok_or(WebError::NotFound)?;
    let ceremony = session::take_challenge::<Ceremony>(app, session).await?;
    let proof = FactorProof::Passkey(&passkeys, ceremony, answer);
    Ok(factor::prove(by, technician, proof, what_for).await)
}

fn unexpected(error: PasskeyError) -> WebError {
    WebError::Unexpected(error.into())
}
