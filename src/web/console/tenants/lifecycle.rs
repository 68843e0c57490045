//! Suspend, resume, archive, restore: a question, then the act. The question is a dialog, and a page without scripts.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;

use super::administered;
use crate::app::App;
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::{self, LifecycleError, Tenant, TenantState};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::viewer::Viewer;

const OTHER_STATE: WebError = WebError::Conflict(
    "This tenant is not in a state that allows this; somebody may have been faster. Go back and look again.",
);

/// What can be made of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Suspend,
    Resume,
    Archive,
    Restore,
}

impl Step {
    pub const ALL: [Self; 4] = [Self::Suspend, Self::Resume, Self::Archive, Self::Restore];

    /// The last part of its address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Suspend => "suspension",
            Self::Resume => "resumption",
            Self::Archive => "archival",
            Self::Restore => "restoration",
        }
    }

    fn of(address: &Uri) -> WebResult<Self> {
        let word = address.path().rsplit('/').next();
        Self::ALL
            .into_iter()
            .find(|step| Some(step.word()) == word)
            .ok_or(WebError::NotFound)
    }

    /// On buttons and in headings.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Suspend => "Suspend",
            Self::Resume => "Resume",
            Self::Archive => "Archive",
            Self::Restore => "Restore",
        }
    }

    /// What it means, before it is done.
    pub const fn consequence(self) -> &'static str {
        match self {
            Self::Suspend => {
                "Its tokens are neither renewed nor handed out until you resume it. Left alone, the authorisation lapses at Microsoft after 90 idle days."
            }
            Self::Resume => "Its tokens are renewed and handed out again from now on.",
            Self::Archive => {
                "For a customer who left. Renewal stops, open invitation links stop working, and the tenant is hidden from lists; its record stays, and you can restore it."
            }
            Self::Restore => {
                "It returns to the lists, active: its tokens are renewed again from now on."
            }
        }
    }

    /// What is so afterwards; follows the tenant's name.
    const fn done(self) -> &'static str {
        match self {
            Self::Suspend => "is suspended. Its tokens are not renewed until you resume it.",
            Self::Resume => "is active again.",
            Self::Archive => "is archived. You find it under “Archived”.",
            Self::Restore => "is back.",
        }
    }

    pub const fn asks_reason(self) -> bool {
        matches!(self, Self::Suspend | Self::Archive)
    }

    /// Whether the tenant's state allows it.
    pub const fn fits(self, state: &TenantState) -> bool {
        match self {
            Self::Suspend => matches!(state, TenantState::Active),
            Self::Resume => matches!(state, TenantState::Suspended { .. }),
            Self::Archive => !matches!(state, TenantState::Archived { .. }),
            Self::Restore => matches!(state, TenantState::Archived { .. }),
        }
    }

    async fn run(
        self,
        op: &mut Op,
        scope: Scope,
        tenant: &Tenant,
        reason: &str,
    ) -> Result<(), LifecycleError> {
        match self {
            Self::Suspend => tenant::suspend(op, scope, tenant, reason).await,
            Self::Resume => tenant::resume(op, scope, tenant).await,
            Self::Archive => tenant::archive(op, scope, tenant, reason).await,
            Self::Restore => tenant::restore(op, scope, tenant).await,
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "console/tenants/lifecycle.html")]
struct Question {
    chrome: Chrome,
    step: Step,
    full_name: String,
    action: String,
    back: String,
    reason: Field,
}

impl Question {
    fn new(chrome: Chrome, step: Step, tenant: &Tenant, reason: Field) -> Self {
        let paths = TenantPaths(tenant.short_name.as_str());
        Self {
            chrome,
            step,
            full_name: tenant.full_name.clone(),
            action: paths.lifecycle(step.word()),
            back: paths.edit(),
            reason,
        }
    }
}

/// GET: the question.
pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Path(short): Path<String>,
    OriginalUri(address): OriginalUri,
) -> WebResult {
    let step = Step::of(&address)?;
    let mut op = viewer.begin(&app).await?;
    let tenant = administered(&mut op, &viewer, &short).await?;
    if !step.fits(&tenant.state) {
        return Err(OTHER_STATE);
    }
    Ok(Question::new(chrome, step, &tenant, Field::default()).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    reason: String,
}

/// POST: the act.
pub async fn act(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Path(short): Path<String>,
    OriginalUri(address): OriginalUri,
    Form(answer): Form<Answer>,
) -> WebResult {
    let step = Step::of(&address)?;
    let mut op = viewer.begin(&app).await?;
    let tenant = administered(&mut op, &viewer, &short).await?;
    match step
        .run(&mut op, viewer.scope, &tenant, &answer.reason)
        .await
    {
        Ok(()) => {}
        Err(LifecycleError::OtherState) => return Err(OTHER_STATE),
        Err(LifecycleError::Database(error)) => return Err(error.into()),
        Err(LifecycleError::Reason(error)) => {
            let reason = Field::new(answer.reason).with_error(Some(error.message));
            let page = Question::new(chrome, step, &tenant, reason);
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    }
    op.commit().await?;
    let done = format!("{} {}", tenant.full_name, step.done());
    notice::leave(&session, Tone::Ok, done).await;
    Ok(Redirect::to(paths::TENANTS).into_response())
}
