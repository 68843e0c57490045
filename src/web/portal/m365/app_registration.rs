//! "Switch to App Registration": by an administrator's consent to the MSP's registration, or with a registration of the
//! customer's own. What is connected now stays until the new way works for every required resource.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;
use uuid::Uuid;

use crate::app::App;
use crate::domain::connection::{self, OwnAppInput, Trial, TrialState};
use crate::domain::tenant::{FieldError, TenantState};
use crate::keeper::message::app_only::{Ask, Began};
use crate::keeper::message::{Actor as KeeperActor, Refusal, Reply, Request};
use crate::keeper::permission_set::Kind;
use crate::keeper::{PermissionSet, Resource};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;
use crate::web::parts::invitations::From;
use crate::web::portal::Visit;

const NOT_ACTIVE: &str = "This tenant is suspended or archived. Resume or restore it first.";

#[derive(Template, WebTemplate)]
#[template(path = "portal/m365/app_registration.html")]
struct SwitchPage {
    chrome: Chrome,
    visit: Visit,
    /// The dialog that makes the consent link.
    consent_href: String,
    /// The customer's Entra tenant or domain is known, so that Microsoft can be asked for it.
    is_known: bool,
    permissions: Vec<PermissionLine>,
    trial: Option<TrialView>,
    form: OwnForm,
}

/// One application permission that must be granted.
struct PermissionLine {
    resource: &'static str,
    name: String,
    reason: &'static str,
}

/// How the trial of what was entered goes.
struct TrialView {
    client_id: Uuid,
    since: When,
    is_trying: bool,
    /// What happened and what to do; none while it is tried.
    failed: Option<(&'static str, &'static str)>,
    may_retry: bool,
    error_href: String,
}

#[derive(Default)]
struct OwnForm {
    client_id: Field,
    entra_tenant_id: Field,
    secret: Option<String>,
    secret_ends: Field,
    certificate: Option<String>,
}

impl OwnForm {
    /// What was typed, but for secrets, which are never sent back.
    fn new(typed: &OwnAppInput, errors: &[FieldError]) -> Self {
        let error = |field: &str| {
            let found = errors.iter().find(|error| error.field == field);
            found.map(|error| error.message.clone())
        };
        let field = |name: &str, value: &str| Field::new(value).with_error(error(name));
        Self {
            client_id: field("client_id", &typed.client_id),
            entra_tenant_id: field("entra_tenant_id", &typed.entra_tenant_id),
            secret: error("secret"),
            secret_ends: field("secret_ends", &typed.secret_ends),
            certificate: error("certificate"),
        }
    }
}

pub(super) fn router() -> Routes {
    const PAGE: &str = "/tenants/{short}/configuration/m365/app-registration";
    Routes::new()
        .get(PAGE, Policy::WORK, show)
        .post(&format!("{PAGE}/own"), Policy::WORK, try_own)
        .post(&format!("{PAGE}/own/retry"), Policy::WORK, retry)
        .post(&format!("{PAGE}/own/removal"), Policy::WORK, remove)
}

async fn show(State(app): State<App>, viewer: Viewer, visit: Visit, chrome: Chrome) -> WebResult {
    may(&visit)?;
    let typed = OwnAppInput {
        entra_tenant_id: visit
            .tenant
            .entra_tenant_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        ..OwnAppInput::default()
    };
    let form = OwnForm::new(&typed, &[]);
    Ok(page(&app, &viewer, visit, chrome, form)
        .await?
        .into_response())
}

fn may(visit: &Visit) -> WebResult<()> {
    if visit.tenant.state != TenantState::Active {
        return Err(WebError::Conflict(NOT_ACTIVE));
    }
    Ok(())
}

async fn page(
    app: &App,
    viewer: &Viewer,
    visit: Visit,
    chrome: Chrome,
    form: OwnForm,
) -> WebResult<SwitchPage> {
    let mut op = viewer.begin(app).await?;
    let now = op.now();
    let trial = connection::own_app_trial(&mut op, visit.scope(), visit.id).await?;
    let trial = trial.and_then(|trial| TrialView::of(&trial, &visit, now));
    let resources = visit.tenant.resources.iter();
    let set = PermissionSet::load(op.db()).await?;
    Ok(SwitchPage {
        consent_href: visit.paths().new_invitation(From::App.as_str()),
        is_known: visit.tenant.entra_tenant_id.is_some() || !visit.tenant.domain.is_empty(),
        permissions: resources
            .flat_map(|entry| lines(&set, entry.resource))
            .collect(),
        trial,
        chrome,
        visit,
        form,
    })
}

fn lines(set: &PermissionSet, resource: Resource) -> Vec<PermissionLine> {
    let all = set.of(resource, Kind::Application).into_iter();
    all.map(|need| PermissionLine {
        resource: resource.name(),
        name: need.name.clone(),
        reason: need.reason(),
    })
    .collect()
}

impl TrialView {
    /// A trial that worked is the connection, which has a page of its own.
    fn of(trial: &Trial, visit: &Visit, now: time::OffsetDateTime) -> Option<Self> {
        let failed = match trial.state {
            TrialState::Done => return None,
            TrialState::Trying => None,
            TrialState::Failed(why) => Some(why),
        };
        Some(Self {
            client_id: trial.client_id,
            since: When::new(trial.since, now),
            is_trying: failed.is_none(),
            may_retry: failed.is_some_and(|why| !why.needs_new_entry()),
            failed: failed.map(connection::TrialFailure::words),
            error_href: trial
                .error_id
                .map(|id| visit.paths().msal_error(id))
                .unwrap_or_default(),
        })
    }
}

/// The form as sent.
#[derive(Default, Deserialize)]
#[serde(default)]
struct OwnFields {
    client_id: String,
    entra_tenant_id: String,
    secret: String,
    secret_ends: String,
    certificate: String,
}

/// "Try it": what was entered is sealed and tried in the background.
async fn try_own(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
    Form(fields): Form<OwnFields>,
) -> WebResult {
    may(&visit)?;
    let typed = OwnAppInput {
        client_id: fields.client_id,
        entra_tenant_id: fields.entra_tenant_id,
        secret: fields.secret,
        secret_ends: fields.secret_ends,
        certificate: fields.certificate,
    };
    let refusal = match typed.parse(visit.tenant.entra_tenant_id, app.clock.now()) {
        Err(errors) => errors,
        Ok(own) => {
            let ask = Ask::TryOwn {
                tenant_id: visit.id.as_uuid(),
                entra_tenant_id: own.entra_tenant_id,
                client_id: own.client_id,
                credential: own.credential,
                actor: actor(&app, &viewer).await?,
            };
            match app.keeper.ask(Request::AppOnly(ask)).await? {
                Reply::AppOnly(Began::Trying) => {
                    return Ok(Redirect::to(&visit.paths().app_registration()).into_response());
                }
                Reply::AppOnly(why) => vec![not_begun(&why)],
                Reply::Refused(refusal) => return Err(refused(&refusal)),
                _ => return Err(crate::keeper::client::Unavailable.into()),
            }
        }
    };
    let form = OwnForm::new(&typed, &refusal);
    let page = page(&app, &viewer, visit, chrome, form).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Why nothing was stored, at the field it concerns.
fn not_begun(why: &Began) -> FieldError {
    match why {
        Began::Unfit { why } => FieldError::new(
            "certificate",
            format!("This certificate cannot be used: {why}."),
        ),
        Began::OtherTenant { bound } => FieldError::new(
            "entra_tenant_id",
            format!("This tenant is bound to {bound}. Another Entra tenant is another customer."),
        ),
        Began::Taken => FieldError::new(
            "entra_tenant_id",
            "This Entra tenant belongs to another tenant of yours.",
        ),
        Began::Known | Began::Trying => FieldError::new(
            "secret",
            "This very secret or certificate is stored already.",
        ),
    }
}

async fn retry(State(app): State<App>, visit: Visit, session: Session) -> WebResult {
    may(&visit)?;
    let ask = Ask::TryAgain {
        tenant_id: visit.id.as_uuid(),
    };
    step(&app, &visit, &session, ask, "It is tried again.").await
}

async fn remove(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    session: Session,
) -> WebResult {
    may(&visit)?;
    let ask = Ask::Forget {
        tenant_id: visit.id.as_uuid(),
        actor: actor(&app, &viewer).await?,
    };
    let done = "Removed. What was connected before is untouched.";
    step(&app, &visit, &session, ask, done).await
}

async fn step(app: &App, visit: &Visit, session: &Session, ask: Ask, done: &str) -> WebResult {
    match app.keeper.ask(Request::AppOnly(ask)).await? {
        Reply::Done => notice::leave(session, Tone::Ok, done).await,
        Reply::Refused(Refusal::NotThere) => {
            notice::leave(session, Tone::Warn, "There is nothing to do any more.").await;
        }
        Reply::Refused(refusal) => return Err(refused(&refusal)),
        _ => return Err(crate::keeper::client::Unavailable.into()),
    }
    Ok(Redirect::to(&visit.paths().app_registration()).into_response())
}

fn refused(refusal: &Refusal) -> WebError {
    match refusal {
        Refusal::NotThere => WebError::NotFound,
        Refusal::Suspended => WebError::Conflict(NOT_ACTIVE),
        _ => crate::keeper::client::Unavailable.into(),
    }
}

/// The technician as the keeper's audit names them.
async fn actor(app: &App, viewer: &Viewer) -> WebResult<KeeperActor> {
    let op = viewer.begin(app).await?;
    let crate::domain::op::Actor::Technician { id, email, ip } = op.actor().clone() else {
        return Err(WebError::Forbidden);
    };
    Ok(KeeperActor {
        kind: "technician".to_owned(),
        id: Some(id.as_uuid()),
        name: email,
        ip,
    })
}
