//! Add a tenant.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use tower_sessions::Session;

use super::fields::{self, Fields, Sent};
use crate::app::App;
use crate::domain::tenant::{self, ChangeError, FieldError, TenantInput};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Form;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths::TenantPaths;
use crate::web::kit::viewer::Viewer;

#[derive(Template, WebTemplate)]
#[template(path = "console/tenants/new.html")]
struct NewPage {
    chrome: Chrome,
    fields: Fields,
}

/// GET: the empty form.
pub async fn show(chrome: Chrome) -> WebResult {
    let fields = Fields::new(&TenantInput::blank(), &[]);
    Ok(NewPage { chrome, fields }.into_response())
}

/// "Add tenant": on to its Customer portal, where the administrator is invited next.
pub async fn create(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Form(sent): Form<Sent>,
) -> WebResult {
    fields::check(&sent)?;
    let typed = fields::typed(&sent);
    let tenant = match typed.parse() {
        Ok(tenant) => tenant,
        Err(errors) => return Ok(refused(chrome, &typed, &errors)),
    };
    let mut op = viewer.begin(&app).await?;
    match tenant::add(&mut op, viewer.scope, &tenant).await {
        Ok(_) => {}
        Err(ChangeError::Database(error)) => return Err(error.into()),
        Err(error) => {
            let errors: Vec<_> = error.field_error().into_iter().collect();
            return Ok(refused(chrome, &typed, &errors));
        }
    }
    op.commit().await?;
    let done = format!(
        "{} was added. Invite its administrator next.",
        tenant.full_name
    );
    notice::leave(&session, Tone::Ok, done).await;
    let portal = TenantPaths(tenant.short_name.as_str()).overview();
    Ok(Redirect::to(&portal).into_response())
}

fn refused(chrome: Chrome, typed: &TenantInput, errors: &[FieldError]) -> axum::response::Response {
    let fields = Fields::new(typed, errors);
    let page = NewPage { chrome, fields };
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}
