//! Make a key.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::SecretPage;
use super::form::{Fields, Sent};
use crate::app::App;
use crate::domain::api_key::{self, ChangeError};
use crate::domain::tenant::FieldError;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Form;
use crate::web::kit::viewer::Viewer;

#[derive(Template, WebTemplate)]
#[template(path = "console/api_keys/new.html")]
struct NewPage {
    chrome: Chrome,
    fields: Fields,
}

/// GET: the empty form.
pub async fn show(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult {
    let fields = Sent::fresh().fields(&viewer, app.limits.keys, &[]);
    Ok(NewPage { chrome, fields }.into_response())
}

/// "Create key": shows the secret.
pub async fn add(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Form(sent): Form<Sent>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let again = |chrome, sent: Sent, errors: &[FieldError]| -> Response {
        let fields = sent.fields(&viewer, app.limits.keys, errors);
        (StatusCode::UNPROCESSABLE_ENTITY, NewPage { chrome, fields }).into_response()
    };
    let new = match sent.input().parse_new(&mut op, viewer.scope).await? {
        Ok(new) => new,
        Err(errors) => return Ok(again(chrome, sent, &errors)),
    };
    let taken = api_key::name_taken(&mut op, viewer.id, &new.rule.name, None).await?;
    if let Some(taken) = taken {
        return Ok(again(chrome, sent, &[taken]));
    }
    let (id, secret) = match api_key::create(&mut op, &viewer.technician(), &new).await {
        Ok(made) => made,
        Err(ChangeError::Beyond(scope)) => {
            let message = format!("Your role does not let you give “{scope}”.");
            return Ok(again(chrome, sent, &[FieldError::new("scope", message)]));
        }
        Err(ChangeError::Changed) => return Err(WebError::NotFound),
        Err(ChangeError::Database(error)) => return Err(error.into()),
    };
    let key = api_key::find(&mut op, None, id).await?;
    let key = key.ok_or(WebError::NotFound)?;
    let now = op.now();
    op.commit().await?;
    Ok(SecretPage::new(chrome, &key, &secret, now).into_response())
}
