//! "Expiry warning": how long ahead this tenant's connection is shown as Expiring, and what is expected of it.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;

use super::Visit;
use super::expected::{ExpectedView, expected};
use crate::app::App;
use crate::domain::connection;
use crate::domain::tenant::{self, FieldError, LeadDays};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;

#[derive(Template, WebTemplate)]
#[template(path = "portal/lead_time/show.html")]
struct LeadTime {
    chrome: Chrome,
    visit: Visit,
    lead_days: Field,
    expected: Vec<ExpectedView>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    lead_days: String,
}

pub(super) fn router() -> Routes {
    Routes::new()
        .get(
            "/tenants/{short}/configuration/expiry-warning",
            Policy::LOOK,
            show,
        )
        .post(
            "/tenants/{short}/configuration/expiry-warning",
            Policy::WORK,
            save,
        )
}

async fn show(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
) -> WebResult<LeadTime> {
    let mut op = viewer.begin(&app).await?;
    let lead = tenant::lead_days(&mut op, visit.scope(), visit.id).await?;
    drop(op);
    let typed = lead.map(|lead| lead.days().to_string()).unwrap_or_default();
    page(&app, &viewer, visit, chrome, Field::new(typed)).await
}

async fn page(
    app: &App,
    viewer: &Viewer,
    visit: Visit,
    chrome: Chrome,
    lead_days: Field,
) -> WebResult<LeadTime> {
    let mut op = viewer.begin(app).await?;
    let detail = connection::detail(&mut op, visit.scope(), visit.id).await?;
    Ok(LeadTime {
        expected: detail
            .map(|detail| expected(&detail, op.now()))
            .unwrap_or_default(),
        lead_days,
        chrome,
        visit,
    })
}

/// "Save".
async fn save(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
    session: Session,
    Form(typed): Form<Typed>,
) -> WebResult {
    let lead = match LeadDays::parse(&typed.lead_days) {
        Ok(lead) => lead,
        Err(FieldError { message, .. }) => {
            let field = Field::new(typed.lead_days).with_error(Some(message));
            let page = page(&app, &viewer, visit, chrome, field).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let mut op = viewer.begin(&app).await?;
    if !tenant::set_lead_days(&mut op, visit.scope(), visit.id, lead).await? {
        return Err(WebError::Conflict(
            "This tenant is archived. Restore it first.",
        ));
    }
    op.commit().await?;
    let done = match lead.map(LeadDays::days) {
        None => "Saved: the usual warning holds for this tenant.".to_owned(),
        Some(1) => "Saved: this tenant is shown as Expiring 1 day ahead.".to_owned(),
        Some(days) => format!("Saved: this tenant is shown as Expiring {days} days ahead."),
    };
    notice::leave(&session, Tone::Ok, done).await;
    Ok(Redirect::to(&visit.paths().lead_time()).into_response())
}
