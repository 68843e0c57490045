//! `/login/step-up/sso`: who came in by the provider proves there again who they are.

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use tower_sessions::Session;

use super::leave::{self, Wanted};
use crate::app::App;
use crate::domain::sign_on::{self, Purpose};
use crate::storage::TechnicianId;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Form;
use crate::web::kit::headers::Nonce;
use crate::web::kit::peer::Asker;
use crate::web::kit::viewer::Viewer;

/// What the provider is called, for somebody whose login is tied to it.
pub(in crate::web::login) async fn name_for(
    app: &App,
    technician: TechnicianId,
) -> WebResult<Option<String>> {
    Ok(match &app.sso {
        Some(sso) if sign_on::is_linked(&app.pool, technician).await? => Some(sso.name.clone()),
        _ => None,
    })
}

/// "Sign in with … again": leaves for the provider, which asks for both factors anew.
pub async fn start(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    viewer: Viewer,
    asker: Asker,
    session: Session,
    headers: HeaderMap,
    Form(wanted): Form<Wanted>,
) -> WebResult<Response> {
    let browser = (&session, &headers, &asker);
    let purpose = Purpose::Prove(viewer.id);
    leave::go(&app, &nonce, browser, &purpose, &wanted.next).await
}
