//! "Microsoft 365 Settings": everything about one tenant's connection, and "Validate Authentication".

mod app_registration;
mod disconnect;
mod disconnect_left;
mod disconnect_report;
mod resources;
mod view;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

use super::Visit;
use crate::app::App;
use crate::domain::connection::{self, ValidateError, Validation};
use crate::domain::disconnection;
use crate::domain::onboarding;
use crate::domain::op::Op;
use crate::storage::MsalErrorId;
use crate::web::kit::again;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Query;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paging::with_query;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::{When, amount};
use crate::web::parts::diagnosis::{DiagnosisView, decisive};
use crate::web::parts::invitations::{From, HeldView};

use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use view::{Banner, SettingsView};

#[derive(Template, WebTemplate)]
#[template(path = "portal/m365/show.html")]
struct Settings {
    chrome: Chrome,
    visit: Visit,
    view: SettingsView,
    /// Sign-ins that wait for a technician's word.
    held: Vec<HeldView>,
    /// The last disconnection, while nothing was connected since.
    disconnected: Option<DisconnectedView>,
}

/// That a tenant was disconnected, above its settings.
struct DisconnectedView {
    at: When,
    is_running: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    /// The run of "Validate Authentication" that was just made.
    validation: String,
}

pub(super) fn router() -> Routes {
    Routes::new()
        .merge(app_registration::router())
        .merge(disconnect::router())
        .get("/tenants/{short}/configuration/m365", Policy::LOOK, show)
        .post(
            "/tenants/{short}/configuration/m365/validation",
            Policy::WORK,
            validate,
        )
}

async fn show(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
    Query(params): Query<Params>,
) -> WebResult<Settings> {
    page(&app, &viewer, visit, chrome, &params).await
}

async fn page(
    app: &App,
    viewer: &Viewer,
    visit: Visit,
    chrome: Chrome,
    params: &Params,
) -> WebResult<Settings> {
    let mut op = viewer.begin(app).await?;
    let detail = connection::detail(&mut op, visit.scope(), visit.id).await?;
    let detail = detail.ok_or(WebError::NotFound)?;
    let just_run = just_run(&mut op, &visit, &params.validation).await?;
    let banner = match just_run {
        Some(run) => {
            let diagnosis = diagnose_run(&mut op, &visit, &run).await?;
            Some(Banner::of(&run, diagnosis, &visit.short_name))
        }
        None => None,
    };
    let trouble = match banner {
        Some(_) => None,
        None => diagnose_state(&mut op, &visit).await?,
    };
    let view = SettingsView::of(&visit, &detail, banner, trouble, op.now());
    let now = op.now();
    let held = onboarding::held(&mut op, visit.scope(), visit.id).await?;
    let disconnected = match detail.standing {
        Some(_) => None,
        None => disconnection::of_tenant(&mut op, visit.scope(), visit.id).await?,
    };
    Ok(Settings {
        disconnected: disconnected.map(|last| DisconnectedView {
            at: When::new(last.started_at, now),
            is_running: last.is_running(),
        }),
        held: held
            .into_iter()
            .map(|one| HeldView::new(one, visit.paths(), now))
            .collect(),
        chrome,
        visit,
        view,
    })
}

/// "Validate Authentication": the result is recorded, then shown by the page the browser is sent to.
async fn validate(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    mut chrome: Chrome,
    session: Session,
) -> WebResult<Response> {
    let op = viewer.begin(&app).await?;
    let run = connection::validate(
        op,
        &app.pool,
        &app.clock,
        &app.keeper,
        visit.scope(),
        visit.id,
    )
    .await;
    let address = visit.paths().m365();
    match run {
        Ok(run) => {
            let id = run.id.to_string();
            let address = with_query(&address, &[("validation", &id)], &[]);
            Ok(Redirect::to(&address).into_response())
        }
        Err(ValidateError::Keeper(_)) => {
            chrome.notice = Some(again::notice());
            let page = page(&app, &viewer, visit, chrome, &Params::default()).await?;
            Ok(again::page(page))
        }
        Err(why) => {
            notice::leave(&session, Tone::Bad, not_run(why)?).await;
            Ok(Redirect::to(&address).into_response())
        }
    }
}

/// Why no checks were run, in a sentence with the next step.
fn not_run(why: ValidateError) -> WebResult<String> {
    Ok(match why {
        ValidateError::NotConnected => {
            "There is no connection to validate yet. Use “Switch to auth token”.".to_owned()
        }
        ValidateError::Suspended => {
            "This tenant is suspended. Resume it first, then validate.".to_owned()
        }
        ValidateError::NoApp => {
            "Our app registration has no usable secret or certificate. An operator has to store one."
                .to_owned()
        }
        ValidateError::Quarantined => {
            "The stored token cannot be opened. Use “Switch to auth token” and tell an operator."
                .to_owned()
        }
        ValidateError::TryLater { retry_after_s } => try_later(retry_after_s),
        ValidateError::NotFound => return Err(WebError::NotFound),
        ValidateError::Keeper(unavailable) => return Err(unavailable.into()),
        ValidateError::Database(error) => return Err(error.into()),
    })
}

fn try_later(retry_after_s: Option<u64>) -> String {
    let wait = retry_after_s
        .and_then(|seconds| i64::try_from(seconds).ok())
        .map(|seconds| amount(time::Duration::seconds(seconds)))
        .filter(|wait| !wait.is_empty());
    let when = wait.map_or_else(|| "in a minute".to_owned(), |wait| format!("in {wait}"));
    format!("Microsoft cannot be reached right now. Nothing was changed; try again {when}.")
}

async fn just_run(op: &mut Op, visit: &Visit, id: &str) -> Result<Option<Validation>, sqlx::Error> {
    match id.parse() {
        Ok(id) => connection::find_validation(op, visit.scope(), visit.id, id).await,
        Err(_) => Ok(None),
    }
}

/// Why a run failed: the recorded answer of Microsoft when there is one, the check's own advice otherwise.
async fn diagnose_run(
    op: &mut Op,
    visit: &Visit,
    run: &Validation,
) -> Result<Option<DiagnosisView>, sqlx::Error> {
    let Some(check) = decisive(run) else {
        return Ok(None);
    };
    let recorded = match check.error_id {
        Some(id) => diagnose_error(op, visit, MsalErrorId(id)).await?,
        None => None,
    };
    Ok(Some(recorded.unwrap_or_else(|| {
        DiagnosisView::of_check(check, &visit.short_name)
    })))
}

/// Why the connection is in trouble without anybody having pressed a button.
async fn diagnose_state(op: &mut Op, visit: &Visit) -> Result<Option<DiagnosisView>, sqlx::Error> {
    let diagnosis = connection::diagnose(op, visit.scope(), visit.id).await?;
    Ok(diagnosis.map(|found| DiagnosisView::of(&found, &visit.short_name, From::M365)))
}

async fn diagnose_error(
    op: &mut Op,
    visit: &Visit,
    id: MsalErrorId,
) -> Result<Option<DiagnosisView>, sqlx::Error> {
    let diagnosis = connection::diagnose_error(op, visit.scope(), id).await?;
    Ok(diagnosis.map(|found| DiagnosisView::of(&found, &visit.short_name, From::M365)))
}
