//! "App registration": our application at Microsoft, what must be entered there, and the credentials that we show. Owner and
//! admin change it, everybody signed in may look.

mod add;
mod credential;
mod view;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use time::OffsetDateTime;
use tower_sessions::Session;

use crate::app::App;
use crate::domain::app_registration::{
    self, Alarm, ChangeError, FieldError, Registration, RegistrationInput,
};
use crate::domain::op::{Actor, Op, Scope};
use crate::domain::page_url::page_url;
use crate::domain::technician::Permission;
use crate::keeper::PermissionSet;
use crate::keeper::message::Actor as KeeperActor;
use crate::keeper::message::app::AppChange;
use crate::keeper::permission_set::Kind as PermissionKind;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
pub(super) use view::AlarmView;
use view::{CloudView, FormerView, PermissionView, RegistrationView};

pub(super) fn router() -> Routes {
    const MANAGE: Policy = Policy::Technician(Permission::Settings);
    let below = |word: &str| format!("{}/credentials/{{id}}/{word}", paths::APP_REGISTRATION);
    Routes::new()
        .get(paths::APP_REGISTRATION, Policy::LOOK, show)
        .post(paths::APP_REGISTRATION, MANAGE, register)
        .fresh()
        .post(paths::APP_SECRETS, MANAGE, add::secret)
        .fresh()
        .post(paths::APP_CERTIFICATES, MANAGE, add::certificate)
        .fresh()
        .post(paths::APP_GENERATED, MANAGE, add::generated)
        .fresh()
        .post(&below("trial"), MANAGE, credential::try_again)
        .get(&below("certificate"), Policy::LOOK, credential::certificate)
        .get(&below("retirement"), MANAGE, credential::ask)
        .post(&below("retirement"), MANAGE, credential::put_away)
        .fresh()
        .get(&below("removal"), MANAGE, credential::ask)
        .post(&below("removal"), MANAGE, credential::put_away)
        .fresh()
}

#[derive(Template, WebTemplate)]
#[template(path = "console/app_registration/show.html")]
struct Page {
    chrome: Chrome,
    /// Owner or admin.
    may_manage: bool,
    alarm: Option<AlarmView>,
    registration: Option<RegistrationView>,
    former: Vec<FormerView>,
    clouds: Vec<CloudView>,
    delegated: Vec<PermissionView>,
    application: Vec<PermissionView>,
    redirect_uri: String,
    forms: Forms,
    /// The keeper tries a candidate: look again soon.
    trying: bool,
}

/// The forms as typed; what is open has something to say.
#[derive(Debug, Default)]
struct Forms {
    client_id: Field,
    display_name: Field,
    entra_tenant_id: Field,
    /// Its value is never given back.
    secret: Field,
    not_after: Field,
    /// Likewise.
    pem: Field,
    registration_open: bool,
    secret_open: bool,
    certificate_open: bool,
}

impl Forms {
    fn stored(registration: Option<&Registration>) -> Self {
        let Some(known) = registration else {
            return Self::default();
        };
        Self {
            client_id: Field::new(known.client_id.to_string()),
            display_name: Field::new(&*known.display_name),
            entra_tenant_id: Field::new(
                known
                    .entra_tenant_id
                    .map(|id| id.to_string())
                    .unwrap_or_default(),
            ),
            ..Self::default()
        }
    }

    fn mark(&mut self, errors: Vec<FieldError>) {
        for FieldError { field, message } in errors {
            let field = match field {
                "client_id" => &mut self.client_id,
                "display_name" => &mut self.display_name,
                "entra_tenant_id" => &mut self.entra_tenant_id,
                "not_after" => &mut self.not_after,
                "pem" => &mut self.pem,
                _ => &mut self.secret,
            };
            field.error = Some(message);
        }
    }
}

/// What a page is made of.
struct Stored {
    all: Vec<Registration>,
    /// What must be declared at Microsoft.
    set: PermissionSet,
    now: OffsetDateTime,
}

impl Stored {
    /// For those who manage it, who see every tenant.
    async fn read(op: &mut Op, app: &App) -> Result<Self, sqlx::Error> {
        Self::within(op, app, Scope::all()).await
    }

    /// With the connections within `scope` counted.
    async fn within(op: &mut Op, app: &App, scope: Scope) -> Result<Self, sqlx::Error> {
        Ok(Self {
            all: app_registration::list(op, scope, app.site.cloud).await?,
            set: PermissionSet::load(op.db()).await?,
            now: op.now(),
        })
    }

    fn active(&self) -> Option<&Registration> {
        self.all.iter().find(|one| one.is_active)
    }

    fn forms(&self) -> Forms {
        Forms::stored(self.active())
    }

    fn page(&self, app: &App, viewer: &Viewer, chrome: Chrome, forms: Forms) -> Page {
        let active = self.active();
        let former = self.all.iter().filter(|one| !one.is_active);
        let alarm: Option<Alarm> = active.and_then(|one| one.alarm(self.now));
        Page {
            chrome,
            may_manage: may_manage(viewer),
            alarm: alarm.as_ref().map(AlarmView::of),
            registration: active.map(|one| RegistrationView::of(one, self.now)),
            former: former.map(|one| FormerView::of(one, self.now)).collect(),
            clouds: CloudView::all(app.site.cloud, active.is_some()),
            delegated: PermissionView::all(&self.set, PermissionKind::Delegated),
            application: PermissionView::all(&self.set, PermissionKind::Application),
            redirect_uri: redirect_uri(app),
            forms,
            trying: self
                .all
                .iter()
                .flat_map(|one| &one.credentials)
                .any(|one| one.is_being_tried),
        }
    }
}

/// As the keeper builds it.
fn redirect_uri(app: &App) -> String {
    page_url(&app.site.base_url, paths::ONBOARDING_RETURN)
}

async fn show(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult<Page> {
    let mut op = viewer.begin(&app).await?;
    let stored = Stored::within(&mut op, &app, viewer.scope).await?;
    let forms = stored.forms();
    Ok(stored.page(&app, &viewer, chrome, forms))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sent {
    client_id: String,
    display_name: String,
    entra_tenant_id: String,
}

/// "Save" of the registration itself.
async fn register(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Form(sent): Form<Sent>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let stored = Stored::read(&mut op, &app).await?;
    let actor = actor(&op);
    drop(op);
    let input = RegistrationInput {
        client_id: sent.client_id,
        display_name: sent.display_name,
        entra_tenant_id: sent.entra_tenant_id,
    };
    let new = match input.parse() {
        Ok(new) => new,
        Err(errors) => {
            let mut forms = Forms {
                client_id: Field::new(input.client_id),
                display_name: Field::new(input.display_name),
                entra_tenant_id: Field::new(input.entra_tenant_id),
                registration_open: true,
                ..Forms::default()
            };
            forms.mark(errors);
            let page = stored.page(&app, &viewer, chrome, forms);
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let former = stored.active().map(|one| one.client_id);
    let moved = former.is_some_and(|former| former != new.client_id);
    let change = AppChange::Register {
        client_id: new.client_id,
        display_name: new.display_name,
        entra_tenant_id: new.entra_tenant_id,
        actor,
    };
    app_registration::change(&app.keeper, change)
        .await
        .map_err(refused)?;
    let text = if moved {
        "New onboardings use the new registration from now on. The former one goes on serving the connections made with it."
    } else {
        "The registration was saved."
    };
    notice::leave(&session, Tone::Ok, text).await;
    Ok(Redirect::to(paths::APP_REGISTRATION).into_response())
}

fn may_manage(viewer: &Viewer) -> bool {
    viewer.may(Permission::Settings)
}

fn actor(op: &Op) -> KeeperActor {
    let (id, name, ip) = match op.actor() {
        Actor::Technician { id, email, ip } => (Some(id.as_uuid()), email.clone(), ip.clone()),
        _ => (None, String::new(), String::new()),
    };
    KeeperActor {
        kind: "technician".into(),
        id,
        name,
        ip,
    }
}

/// A change that came to nothing for a reason that no field can be blamed for.
fn refused(error: ChangeError) -> WebError {
    match error {
        ChangeError::Not(_) => WebError::Conflict(
            "This has changed in the meantime. Go back, reload the page and look again.",
        ),
        ChangeError::Refused(refusal) => refusal.into(),
        ChangeError::Keeper(silent) => silent.into(),
    }
}
