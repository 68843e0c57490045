//! "Disconnect": a page of its own that says what will happen, with the tenant's short name to be typed; and the report of
//! what was done, which the customer may be given.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;

use super::disconnect_report::ReportView;
use crate::app::App;
use crate::domain::disconnection::{self, BeginError};
use crate::storage::is_contention;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::portal::Visit;

#[derive(Template, WebTemplate)]
#[template(path = "portal/m365/disconnect.html")]
struct Question {
    chrome: Chrome,
    visit: Visit,
    confirmation: Field,
    /// What has to be typed.
    hint: String,
    everything: bool,
}

impl Question {
    fn new(chrome: Chrome, visit: Visit, confirmation: Field, everything: bool) -> Self {
        let hint = format!(
            "“{}”, so that the right customer is disconnected.",
            visit.short_name
        );
        Self {
            chrome,
            visit,
            confirmation,
            hint,
            everything,
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "portal/m365/disconnection.html")]
struct ReportPage {
    chrome: Chrome,
    visit: Visit,
    report: ReportView,
}

pub(super) fn router() -> Routes {
    const SETTINGS: &str = "/tenants/{short}/configuration/m365";
    Routes::new()
        .get(&format!("{SETTINGS}/disconnect"), Policy::WORK, ask)
        .post(&format!("{SETTINGS}/disconnect"), Policy::WORK, begin)
        .fresh()
        .get(&format!("{SETTINGS}/disconnection"), Policy::LOOK, report)
}

async fn ask(visit: Visit, chrome: Chrome) -> WebResult<Question> {
    Ok(Question::new(chrome, visit, Field::default(), false))
}

/// The form as sent.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    confirmation: String,
    /// Sent only when ticked.
    everything: Option<String>,
}

async fn begin(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    session: Session,
    chrome: Chrome,
    Form(answer): Form<Answer>,
) -> WebResult {
    let everything = answer.everything.is_some();
    if !answer
        .confirmation
        .trim()
        .eq_ignore_ascii_case(&visit.short_name)
    {
        let message = format!(
            "Type “{}” exactly, so that the right customer is disconnected.",
            visit.short_name
        );
        let confirmation = Field::new(answer.confirmation).with_error(Some(message));
        let page = Question::new(chrome, visit, confirmation, everything);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    match attempt(&app, &viewer, &visit, everything).await {
        Ok(()) => {
            disconnection::look(&app.keeper).await;
            let done = "Hand-out has stopped. The rest goes on by itself.";
            notice::leave(&session, Tone::Ok, done).await;
        }
        Err(BeginError::NotThere) => return Err(WebError::NotFound),
        Err(BeginError::Running) => {
            let running = "This customer is being disconnected already.";
            notice::leave(&session, Tone::Warn, running).await;
        }
        Err(BeginError::Done) => {
            let done = "This customer was disconnected before, and nothing was connected since. This is that report.";
            notice::leave(&session, Tone::Warn, done).await;
        }
        Err(BeginError::Database(error)) if is_contention(&error) => {
            return Err(WebError::Busy { retry_after_s: 5 });
        }
        Err(BeginError::Database(error)) => return Err(error.into()),
    }
    Ok(Redirect::to(&visit.paths().disconnection()).into_response())
}

/// A refresh that writes at the same time may be in the way for a moment.
async fn attempt(
    app: &App,
    viewer: &Viewer,
    visit: &Visit,
    everything: bool,
) -> Result<(), BeginError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let mut op = viewer.begin(app).await?;
        match disconnection::begin(&mut op, visit.scope(), visit.id, everything).await {
            Ok(_) => return Ok(op.commit().await?),
            Err(BeginError::Database(error)) if tries < 3 && is_contention(&error) => {
                op.roll_back().await?;
            }
            Err(why) => return Err(why),
        }
    }
}

async fn report(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
) -> WebResult<ReportPage> {
    let mut op = viewer.begin(&app).await?;
    let found = disconnection::of_tenant(&mut op, visit.scope(), visit.id).await?;
    let found = found.ok_or(WebError::NotFound)?;
    let report = ReportView::of(&found, &app.site.app_name, &visit.short_name, op.now());
    Ok(ReportPage {
        chrome,
        visit,
        report,
    })
}
