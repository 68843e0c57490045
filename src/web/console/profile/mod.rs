//! "Your profile": one's own name and role, password, second factors, recovery codes and logins. Everybody signed in has one,
//! whatever their role.

mod factors;
mod password;
mod sessions;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::app::App;
use crate::domain::sign_on;
use crate::domain::technician::factor::{self, Enrolled, Factor, FactorKind};
use crate::domain::technician::{OpenSession, has_password, open_sessions};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Field;
use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::{Viewer, needs_passkey, passkeys};
use crate::web::kit::when::When;

#[derive(Template, WebTemplate)]
#[template(path = "console/profile/index.html")]
struct Page {
    chrome: Chrome,
    role_means: &'static str,
    factors: Vec<FactorView>,
    has_passkeys: bool,
    may_add: bool,
    codes_left: i64,
    sessions: Vec<SessionView>,
    /// There are others than this one.
    has_others: bool,
    password: PasswordForm,
    /// None where there is no single sign-on.
    sign_on: Option<SignOnView>,
    /// What is wrong with a factor that was to be added.
    problem: String,
}

/// One's own single sign-on.
struct SignOnView {
    /// What the provider is called.
    name: String,
    is_tied: bool,
}

/// The form as it came back; passwords are never given back.
#[derive(Default)]
struct PasswordForm {
    old: Field,
    new: Field,
    repeated: Field,
    hint: String,
    is_open: bool,
    /// There is one to change; not of somebody who only ever came in by single sign-on.
    exists: bool,
}

/// A factor in the list.
pub struct FactorView {
    pub kind: &'static str,
    pub name: String,
    pub added: When,
    pub last_used: Option<When>,
    pub rename: String,
    pub remove: String,
    /// Why it stays; empty when it may go.
    pub stays: &'static str,
}

/// A login in the list.
pub struct SessionView {
    pub browser: String,
    pub ip: String,
    pub began: When,
    pub last_seen: Option<When>,
    pub factor: &'static str,
    pub is_this: bool,
    pub end: String,
}

/// Nothing here touches anything but oneself, so that a `viewer` may do it too.
pub(super) fn router() -> Routes {
    const OWN: Policy = Policy::LOOK;
    Routes::new()
        .get(paths::PROFILE, OWN, show)
        .post(paths::PROFILE_PASSWORD, OWN, password::change)
        .fresh()
        .post(paths::PROFILE_PASSKEY, OWN, factors::passkey)
        .fresh()
        .post(paths::PROFILE_PASSKEY_OPTIONS, OWN, factors::options)
        .fresh()
        .get(paths::PROFILE_APP, OWN, factors::app)
        .fresh()
        .post(paths::PROFILE_APP, OWN, factors::begin_app)
        .fresh()
        .post(paths::PROFILE_APP_CODE, OWN, factors::app_code)
        .fresh()
        .post("/profile/factors/{id}/name", OWN, factors::rename)
        .post("/profile/factors/{id}/removal", OWN, factors::remove)
        .fresh()
        .post(paths::PROFILE_CODES, OWN, factors::codes)
        .fresh()
        .post(paths::PROFILE_CODES_KEPT, OWN, factors::codes_kept)
        .post("/profile/sessions/{id}/ending", OWN, sessions::end)
        .post(paths::PROFILE_OTHER_SESSIONS, OWN, sessions::end_others)
}

async fn show(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult<Page> {
    page(&app, &viewer, chrome, PasswordForm::default(), "").await
}

async fn page(
    app: &App,
    viewer: &Viewer,
    chrome: Chrome,
    mut password: PasswordForm,
    problem: &str,
) -> WebResult<Page> {
    let mut op = viewer.begin(app).await?;
    let enrolled = factor::enrolled_in(&mut op, viewer.id).await?;
    let sessions = open_sessions(&mut op, viewer.id).await?;
    password.exists = has_password(&mut op, viewer.id).await?;
    let sign_on = match &app.sso {
        None => None,
        Some(sso) => Some(SignOnView {
            name: sso.name.clone(),
            is_tied: sign_on::linked(&mut op, viewer.id).await?.is_some(),
        }),
    };
    let now = op.now();
    password.hint = password::hint();
    let needs_passkey = needs_passkey(app, viewer.role);
    let views = enrolled.factors.iter();
    Ok(Page {
        chrome,
        role_means: viewer.role.explanation(),
        factors: views
            .map(|one| FactorView::of(one, &enrolled, needs_passkey, now))
            .collect(),
        has_passkeys: passkeys(app).is_some(),
        may_add: enrolled.factors.len() < factor::MOST_FACTORS,
        codes_left: enrolled.codes_left,
        has_others: sessions.iter().any(|one| one.id != viewer.session),
        sessions: sessions
            .iter()
            .map(|one| SessionView::of(one, viewer.session, paths::profile_session(one.id), now))
            .collect(),
        password,
        sign_on,
        problem: problem.to_owned(),
    })
}

impl FactorView {
    fn of(one: &Factor, all: &Enrolled, needs_passkey: bool, now: OffsetDateTime) -> Self {
        let passkeys = all
            .factors
            .iter()
            .filter(|each| each.kind == FactorKind::Passkey);
        let is_last_passkey = one.kind == FactorKind::Passkey && passkeys.count() == 1;
        Self {
            kind: match one.kind {
                FactorKind::Passkey => "Passkey",
                FactorKind::Totp | FactorKind::Recovery | FactorKind::SignOn => "Authenticator app",
            },
            name: one.name.clone(),
            added: When::new(one.created_at, now),
            last_used: When::maybe(one.last_used_at, now),
            rename: paths::profile_factor(one.id, "name"),
            remove: paths::profile_factor(one.id, "removal"),
            stays: if all.factors.len() == 1 {
                "Your only factor. Add another one before you remove it."
            } else if needs_passkey && is_last_passkey {
                "Your only passkey, and your role needs one. Add another one before you remove it."
            } else {
                ""
            },
        }
    }
}

impl SessionView {
    /// As its owner or who manages people sees it; `this` is the one that looks.
    pub fn of(one: &OpenSession, this: Uuid, end: String, now: OffsetDateTime) -> Self {
        let unknown = || "unknown browser".to_owned();
        Self {
            browser: Some(one.user_agent.clone())
                .filter(|words| !words.is_empty())
                .unwrap_or_else(unknown),
            ip: one.ip.clone(),
            began: When::new(one.began_at, now),
            last_seen: When::maybe(one.last_seen_at, now),
            factor: one.factor.map_or("", FactorKind::words),
            is_this: one.id == this,
            end,
        }
    }
}
