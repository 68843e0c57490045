//! A new credential: a secret's value, a certificate with its key, or a certificate made here. What is secret goes to the
//! keeper and never back to a page.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;
use uuid::Uuid;

use super::view::{Told, told};
use super::{Forms, Stored, actor, refused};
use crate::app::App;
use crate::domain::app_registration::{
    self, ChangeError, FieldError, SecretInput, certificate_text,
};
use crate::keeper::message::app::{AppChange, AppRefusal};
use crate::keeper::text::Text;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

/// Everything that a refused form is shown again with.
struct Asked<'a> {
    app: &'a App,
    viewer: &'a Viewer,
    chrome: Chrome,
    stored: Stored,
}

impl Asked<'_> {
    fn registration(&self) -> WebResult<Uuid> {
        let active = self.stored.active().map(|one| one.id);
        active.ok_or(WebError::Conflict(
            "There is no app registration yet. Go back and enter its client id first.",
        ))
    }

    fn again(self, mut forms: Forms, errors: Vec<FieldError>) -> Response {
        let known = self.stored.forms();
        forms.client_id = known.client_id;
        forms.display_name = known.display_name;
        forms.entra_tenant_id = known.entra_tenant_id;
        forms.mark(errors);
        let page = self.stored.page(self.app, self.viewer, self.chrome, forms);
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    }
}

#[derive(Deserialize)]
pub struct SecretSent {
    secret: Text,
    #[serde(default)]
    not_after: String,
}

/// "Store and try" of a secret.
pub async fn secret(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Form(sent): Form<SecretSent>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let stored = Stored::read(&mut op, &app).await?;
    let (actor, now) = (actor(&op), op.now());
    drop(op);
    let asked = Asked {
        app: &app,
        viewer: &viewer,
        chrome,
        stored,
    };
    let registration_id = asked.registration()?;
    let forms = Forms {
        not_after: Field::new(&*sent.not_after),
        secret_open: true,
        ..Forms::default()
    };
    let input = SecretInput {
        value: sent.secret,
        not_after: sent.not_after,
    };
    let new = match input.parse(now) {
        Ok(new) => new,
        Err(errors) => return Ok(asked.again(forms, errors)),
    };
    let change = AppChange::AddSecret {
        registration_id,
        value: new.value,
        not_after: new.not_after,
        actor,
    };
    match app_registration::change(&app.keeper, change).await {
        Ok(id) => tell(&app, &viewer, &session, id).await,
        Err(ChangeError::Not(AppRefusal::AlreadyStored)) => {
            let message = "This secret is stored already; look for it in the list.";
            Ok(asked.again(forms, vec![error("secret", message)]))
        }
        Err(other) => Err(refused(other)),
    }
}

#[derive(Deserialize)]
pub struct CertificateSent {
    pem: Text,
}

/// "Store and try" of a certificate.
pub async fn certificate(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Form(sent): Form<CertificateSent>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let stored = Stored::read(&mut op, &app).await?;
    let actor = actor(&op);
    drop(op);
    let asked = Asked {
        app: &app,
        viewer: &viewer,
        chrome,
        stored,
    };
    let registration_id = asked.registration()?;
    let forms = Forms {
        certificate_open: true,
        ..Forms::default()
    };
    let pem = match certificate_text(sent.pem.expose()) {
        Ok(pem) => pem,
        Err(error) => return Ok(asked.again(forms, vec![error])),
    };
    let change = AppChange::AddCertificate {
        registration_id,
        pem,
        actor,
    };
    match app_registration::change(&app.keeper, change).await {
        Ok(id) => tell(&app, &viewer, &session, id).await,
        Err(ChangeError::Not(why)) if unfit(why).is_some() => {
            let message = unfit(why).unwrap_or_default();
            Ok(asked.again(forms, vec![error("pem", message)]))
        }
        Err(other) => Err(refused(other)),
    }
}

/// What is wrong with a certificate and what to do; none when it is not to blame.
fn unfit(why: AppRefusal) -> Option<String> {
    match why {
        AppRefusal::Unfit(unfit) => Some(format!(
            "This text cannot be used: {unfit}. Paste one certificate and its private key, both in PEM."
        )),
        AppRefusal::Ended => Some(
            "This certificate is past its end: Microsoft would refuse it. Make a new one.".into(),
        ),
        AppRefusal::AlreadyStored => {
            Some("This key is stored already; look for it in the list.".into())
        }
        AppRefusal::NotThere | AppRefusal::LastUsable => None,
    }
}

fn error(field: &'static str, message: impl Into<String>) -> FieldError {
    FieldError {
        field,
        message: message.into(),
    }
}

#[derive(Debug, Deserialize)]
pub struct GenerateSent {
    years: u8,
}

/// "Make certificate".
pub async fn generated(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Form(sent): Form<GenerateSent>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let stored = Stored::read(&mut op, &app).await?;
    let actor = actor(&op);
    drop(op);
    if !(1..=2).contains(&sent.years) {
        return Err(WebError::BadRequest(
            "A certificate is made for 1 or 2 years. Go back and choose one of them.",
        ));
    }
    let registration_id = stored.active().map(|one| one.id);
    let registration_id = registration_id.ok_or(WebError::Conflict(
        "There is no app registration yet. Go back and enter its client id first.",
    ))?;
    let change = AppChange::GenerateCertificate {
        registration_id,
        years: sent.years,
        actor,
    };
    app_registration::change(&app.keeper, change)
        .await
        .map_err(refused)?;
    let text = "The certificate is made. Download its public part, upload it at Microsoft, then press “Try”.";
    notice::leave(&session, Tone::Ok, text).await;
    Ok(Redirect::to(paths::APP_REGISTRATION).into_response())
}

/// Say what Microsoft said about a credential that was just tried.
pub(super) async fn tell(app: &App, viewer: &Viewer, session: &Session, id: Uuid) -> WebResult {
    let mut op = viewer.begin(app).await?;
    let stored = Stored::read(&mut op, app).await?;
    let all = stored.all.iter().flat_map(|one| &one.credentials);
    if let Some(credential) = all.into_iter().find(|one| one.id == id) {
        let Told { tone, text } = told(credential);
        notice::leave(session, tone, text).await;
    }
    Ok(Redirect::to(paths::APP_REGISTRATION).into_response())
}
