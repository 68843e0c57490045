//! Change a tenant's names, addresses, tags and resource set; from here it is also paused or put away.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

use super::administered;
use super::fields::{self, Fields, Sent};
use super::lifecycle::Step;
use crate::app::App;
use crate::domain::tenant::{self, ChangeError, FieldError, Tenant, TenantInput, TenantState};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Form, Query};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;

const STALE: &str = "Somebody else changed this tenant while you typed. Your values are still in the form: compare, then save \
                     again to replace theirs.";

#[derive(Template, WebTemplate)]
#[template(path = "console/tenants/edit.html")]
struct EditPage {
    chrome: Chrome,
    full_name: String,
    action: String,
    back: String,
    from_overview: bool,
    /// Which version of the tenant the form was filled from.
    version: String,
    fields: Fields,
    /// What is wrong with the form as a whole; empty when nothing is.
    problem: &'static str,
    state: StateCard,
}

/// The tenant's state and what can be made of it.
#[derive(Debug)]
struct StateCard {
    label: &'static str,
    /// Empty for an active tenant, and when none was given.
    reason: String,
    since: Option<When>,
    archived: bool,
    steps: Vec<(Step, String)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    from: String,
}

/// Where the page goes back to.
#[derive(Clone, Copy, Debug)]
struct Back {
    overview: bool,
}

impl Back {
    fn read(word: &str) -> Self {
        Self {
            overview: word == "overview",
        }
    }

    fn address(self, short_name: &str) -> String {
        if self.overview {
            TenantPaths(short_name).overview()
        } else {
            paths::TENANTS.to_owned()
        }
    }
}

/// GET: the form as stored.
pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Path(short): Path<String>,
    Query(params): Query<Params>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let tenant = administered(&mut op, &viewer, &short).await?;
    let typed = TenantInput::of(&tenant);
    let page = EditPage::new(
        chrome,
        &tenant,
        Back::read(&params.from),
        &typed,
        &[],
        op.now(),
    );
    Ok(page.into_response())
}

/// "Save".
pub async fn save(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Path(short): Path<String>,
    Form(sent): Form<Sent>,
) -> WebResult {
    fields::check(&sent)?;
    let mut op = viewer.begin(&app).await?;
    let now = op.now();
    let before = administered(&mut op, &viewer, &short).await?;
    if matches!(before.state, TenantState::Archived { .. }) {
        return Err(WebError::Conflict(
            "This tenant is archived. Restore it first.",
        ));
    }
    let back = Back::read(fields::value(&sent, "from"));
    let typed = fields::typed(&sent);
    let refused = |errors: &[FieldError]| {
        let page = EditPage::new(chrome.clone(), &before, back, &typed, errors, now);
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    };
    let stale = || {
        let mut page = EditPage::new(chrome.clone(), &before, back, &typed, &[], now);
        page.problem = STALE;
        (StatusCode::CONFLICT, page).into_response()
    };
    let after = match typed.parse() {
        Ok(after) => after,
        Err(errors) => return Ok(refused(&errors)),
    };
    if fields::value(&sent, "version") != version(&before) {
        return Ok(stale());
    }
    match tenant::edit(&mut op, viewer.scope, &before, &after).await {
        Ok(()) => {}
        Err(ChangeError::Stale) => return Ok(stale()),
        Err(ChangeError::Database(error)) => return Err(error.into()),
        Err(error) => return Ok(refused(error.field_error().as_slice())),
    }
    op.commit().await?;
    let done = format!("{} was saved.", after.full_name);
    notice::leave(&session, Tone::Ok, done).await;
    Ok(to(&back.address(after.short_name.as_str())))
}

fn to(address: &str) -> Response {
    Redirect::to(address).into_response()
}

/// Another word after every change.
fn version(tenant: &Tenant) -> String {
    tenant.updated_at.unix_timestamp_nanos().to_string()
}

impl EditPage {
    fn new(
        chrome: Chrome,
        tenant: &Tenant,
        back: Back,
        typed: &TenantInput,
        errors: &[FieldError],
        now: time::OffsetDateTime,
    ) -> Self {
        let short_name = tenant.short_name.as_str();
        Self {
            chrome,
            full_name: tenant.full_name.clone(),
            action: TenantPaths(short_name).edit(),
            back: back.address(short_name),
            from_overview: back.overview,
            version: version(tenant),
            fields: Fields::new(typed, errors),
            problem: "",
            state: StateCard::new(tenant, now),
        }
    }
}

impl StateCard {
    fn new(tenant: &Tenant, now: time::OffsetDateTime) -> Self {
        let (label, reason, since) = match &tenant.state {
            TenantState::Active => ("Active", "", None),
            TenantState::Suspended { reason, since } => {
                ("Suspended", reason.as_str(), Some(*since))
            }
            TenantState::Archived { reason, since } => ("Archived", reason.as_str(), Some(*since)),
        };
        let paths = TenantPaths(tenant.short_name.as_str());
        Self {
            label,
            reason: reason.to_owned(),
            since: When::maybe(since, now),
            archived: matches!(tenant.state, TenantState::Archived { .. }),
            steps: Step::ALL
                .into_iter()
                .filter(|step| step.fits(&tenant.state))
                .map(|step| (step, paths.lifecycle(step.word())))
                .collect(),
        }
    }
}
