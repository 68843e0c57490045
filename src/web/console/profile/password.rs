//! Changing one's own password: with the old one, which ends every other login.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tower_sessions::Session;

use super::{PasswordForm, page};
use crate::app::App;
use crate::domain::technician::{
    self, LONGEST_PASSWORD, Password, SHORTEST_PASSWORD, SignInError, change_own_password,
    prove_password,
};
use crate::mail::LoginNews;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Form;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::viewer::Viewer;
use crate::web::kit::{paths, session, tell};

/// What was typed.
#[derive(Debug, Deserialize)]
pub struct Typed {
    old: SecretString,
    password: SecretString,
    repeated: SecretString,
}

pub(super) fn hint() -> String {
    format!(
        "{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, of any kind. A few words in a row are easy to remember."
    )
}

/// "Change password".
pub async fn change(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Form(typed): Form<Typed>,
) -> WebResult {
    let is_same = typed.password.expose_secret() == typed.old.expose_secret();
    let matches = typed.password.expose_secret() == typed.repeated.expose_secret();
    let names = [&app.site.msp_name, &viewer.email, &viewer.display_name].map(String::as_str);
    let password = Password::parse(typed.password, &names, &app.login.breached);
    let mut form = PasswordForm {
        is_open: true,
        ..PasswordForm::default()
    };
    let password = match password {
        Ok(_) if is_same => {
            form.new.error = Some("This is the present one. Choose another.".to_owned());
            return refused(&app, &viewer, chrome, form).await;
        }
        Ok(password) if matches => password,
        Ok(_) => {
            form.repeated.error =
                Some("This is not the same as above. Type both again.".to_owned());
            return refused(&app, &viewer, chrome, form).await;
        }
        Err(error) => {
            form.new.error = Some(error.to_string());
            return refused(&app, &viewer, chrome, form).await;
        }
    };
    let technician = viewer.technician();
    match prove_password(&viewer.prover(&app), &technician, typed.old).await {
        Ok(()) => {}
        Err(SignInError::Refused) => {
            form.old.error = Some("This is not your password.".to_owned());
            return refused(&app, &viewer, chrome, form).await;
        }
        Err(SignInError::TooSoon { wait }) => {
            let minutes = wait.whole_minutes() + 1;
            form.old.error = Some(format!(
                "Too many attempts failed. Wait {minutes} min, then try again."
            ));
            return refused(&app, &viewer, chrome, form).await;
        }
        Err(SignInError::Busy(_)) => return Err(WebError::Busy { retry_after_s: 5 }),
        Err(SignInError::Database(error)) => return Err(error.into()),
    }
    let hash = technician::hash(password)
        .await
        .map_err(|_| WebError::Busy { retry_after_s: 5 })?;
    let mut op = viewer.begin(&app).await?;
    if !change_own_password(&mut op, &technician, &hash, viewer.session).await? {
        return Err(WebError::Forbidden);
    }
    op.commit().await?;
    session::renew(&session).await?;
    let (browser, ip) = session::device(&session).await?;
    tell::tell(&app, &technician, LoginNews::PasswordChanged, &browser, &ip);
    let text = "Your password is changed. Every other login of yours has ended.";
    notice::leave(&session, Tone::Ok, text).await;
    Ok(Redirect::to(paths::PROFILE).into_response())
}

async fn refused(app: &App, viewer: &Viewer, chrome: Chrome, form: PasswordForm) -> WebResult {
    let page = page(app, viewer, chrome, form, "").await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}
