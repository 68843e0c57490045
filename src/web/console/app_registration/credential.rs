//! One stored credential: try it, retire it, remove it, download the public part of a certificate.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tower_sessions::Session;
use uuid::Uuid;

use super::{Stored, actor, add, refused};
use crate::app::App;
use crate::domain::app_registration::{self, ChangeError, Credential, Registration, State as Is};
use crate::keeper::message::app::{AppChange, AppRefusal};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

use super::view::name_of;

/// "Try", "Try again", "Reactivate".
pub async fn try_again(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let stored = Stored::read(&mut op, &app).await?;
    let (registration, credential) = find(&stored, &id)?;
    let change = AppChange::Try {
        registration_id: registration.id,
        credential_id: credential.id,
        actor: actor(&op),
    };
    drop(op);
    let id = app_registration::change(&app.keeper, change)
        .await
        .map_err(refused)?;
    add::tell(&app, &viewer, &session, id).await
}

/// The public part, for the upload at Microsoft.
pub async fn certificate(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> WebResult {
    let id: Uuid = id.parse().map_err(|_| WebError::NotFound)?;
    let mut op = viewer.begin(&app).await?;
    let der = app_registration::certificate(&mut op, id).await?;
    let der = der.ok_or(WebError::NotFound)?;
    let file = format!("attachment; filename=\"tenantry-{}.cer\"", id.simple());
    let headers = [
        (
            header::CONTENT_TYPE,
            "application/x-x509-ca-cert".to_owned(),
        ),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, pem(&der)).into_response())
}

fn pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<_> = body
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line))
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

/// What can be made of a credential after a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Retire,
    Remove,
}

impl Step {
    fn of(address: &Uri) -> Self {
        if address.path().ends_with("/removal") {
            Self::Remove
        } else {
            Self::Retire
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Retire => "retirement",
            Self::Remove => "removal",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Retire => "Retire",
            Self::Remove => "Remove",
        }
    }

    const fn consequence(self) -> &'static str {
        match self {
            Self::Retire => {
                "It is kept sealed and shown to Microsoft no more. You can take it into use again as long as Microsoft accepts it."
            }
            Self::Remove => {
                "It is forgotten for good. Delete it at Microsoft too: there it stays valid until it ends."
            }
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "console/app_registration/put_away.html")]
struct Question {
    chrome: Chrome,
    step: Step,
    name: String,
    action: String,
    /// What has to be typed, when nothing else would be left.
    last: Option<String>,
    confirmation: Field,
}

impl Question {
    fn new(
        chrome: Chrome,
        step: Step,
        registration: &Registration,
        credential: &Credential,
        confirmation: Field,
    ) -> Self {
        Self {
            chrome,
            step,
            name: name_of(credential),
            action: paths::app_credential(credential.id, step.word()),
            last: is_last_usable(registration, credential)
                .then(|| registration.display_name.clone()),
            confirmation,
        }
    }
}

fn is_last_usable(registration: &Registration, credential: &Credential) -> bool {
    let others = registration.credentials.iter();
    credential.is_usable()
        && !others
            .filter(|one| one.id != credential.id)
            .any(Credential::is_usable)
}

/// GET: the question.
pub async fn ask(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Path(id): Path<String>,
    OriginalUri(address): OriginalUri,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let stored = Stored::read(&mut op, &app).await?;
    let (registration, credential) = find(&stored, &id)?;
    let step = Step::of(&address);
    if step == Step::Retire && credential.state == Is::Retired {
        return Err(WebError::Conflict("This credential is retired already."));
    }
    Ok(Question::new(chrome, step, registration, credential, Field::default()).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    confirmation: String,
}

/// POST: the act.
pub async fn put_away(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Path(id): Path<String>,
    OriginalUri(address): OriginalUri,
    Form(answer): Form<Answer>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let stored = Stored::read(&mut op, &app).await?;
    let actor = actor(&op);
    drop(op);
    let (registration, credential) = find(&stored, &id)?;
    let step = Step::of(&address);
    let even_the_last = answer.confirmation.trim() == registration.display_name;
    let (registration_id, credential_id) = (registration.id, credential.id);
    let change = match step {
        Step::Retire => AppChange::Retire {
            registration_id,
            credential_id,
            even_the_last,
            actor,
        },
        Step::Remove => AppChange::Remove {
            registration_id,
            credential_id,
            even_the_last,
            actor,
        },
    };
    match app_registration::change(&app.keeper, change).await {
        Ok(_) => {}
        Err(ChangeError::Not(AppRefusal::LastUsable)) => {
            let message = format!("Type {} to go on.", registration.display_name);
            let field = Field::new(answer.confirmation).with_error(Some(message));
            let page = Question::new(chrome, step, registration, credential, field);
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        Err(other) => return Err(refused(other)),
    }
    let done = match step {
        Step::Retire => "is retired. It is shown to Microsoft no more.",
        Step::Remove => "is removed. Delete it at Microsoft too.",
    };
    let text = format!("{} {done}", name_of(credential));
    notice::leave(&session, Tone::Ok, text).await;
    Ok(Redirect::to(paths::APP_REGISTRATION).into_response())
}

fn find<'a>(stored: &'a Stored, id: &str) -> WebResult<(&'a Registration, &'a Credential)> {
    let id: Uuid = id.parse().map_err(|_| WebError::NotFound)?;
    stored
        .all
        .iter()
        .find_map(|one| {
            let credential = one.credentials.iter().find(|its| its.id == id)?;
            Some((one, credential))
        })
        .ok_or(WebError::NotFound)
}
