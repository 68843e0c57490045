//! One technician: role, logins, and what can be done.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};

use super::new::{RoleChoice, choices};
use super::{Standing, state, tenants};
use crate::app::App;
use crate::domain::{sign_on, technician};
use crate::storage::TechnicianId;
use crate::web::console::profile::SessionView;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;
use crate::web::parts::sign_on::SignOnFacts;

#[derive(Template, WebTemplate)]
#[template(path = "console/technicians/show.html")]
pub struct Show {
    chrome: Chrome,
    name: String,
    email: String,
    role: &'static str,
    role_means: &'static str,
    state: Standing,
    disabled: bool,
    last_login: Option<When>,
    factors: Vec<HeldFactor>,
    codes_left: i64,
    sessions: Vec<SessionView>,
    /// Why nothing can be done here; empty when it can.
    hands_off: &'static str,
    roles: Vec<RoleChoice>,
    /// Which tenants they see, in a sentence, and where that is changed.
    tenants: String,
    tenants_href: String,
    /// The account of the sign-on provider that is tied to this login.
    sign_on: Option<SignOnFacts>,
    /// Whether roles follow that provider's groups.
    roles_follow: bool,
    paths: Acts,
}

/// Where the forms go.
struct Acts {
    role: String,
    reset: String,
    disable: String,
    enable: String,
    logout: String,
    unlink: String,
    reset_factors: String,
}

/// A factor that they have.
struct HeldFactor {
    words: &'static str,
    name: String,
    last_used: Option<When>,
}

/// GET: everything about one.
pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Path(id): Path<String>,
) -> WebResult<Show> {
    let id: TechnicianId = id.parse().map_err(|_| WebError::NotFound)?;
    let mut op = viewer.begin(&app).await?;
    let people = technician::list(&mut op).await?;
    let listed = people
        .into_iter()
        .find(|one| one.technician.id == id)
        .ok_or(WebError::NotFound)?;
    let limit = technician::limit(&mut op, id).await?;
    let reach = technician::reach(&mut op, &limit).await?;
    let linked = sign_on::linked(&mut op, id).await?;
    let sessions = technician::open_sessions(&mut op, id).await?;
    let enrolled = technician::factor::enrolled_in(&mut op, id).await?;
    let now = op.now();
    let technician = &listed.technician;
    let may_change = id != viewer.id && viewer.role.may_give(technician.role);
    Ok(Show {
        chrome,
        name: technician.display_name.clone(),
        email: technician.email.clone(),
        role: technician.role.as_str(),
        role_means: technician.role.explanation(),
        state: state(&listed),
        disabled: technician.disabled,
        last_login: When::maybe(listed.last_login_at, now),
        factors: enrolled
            .factors
            .iter()
            .map(|one| HeldFactor {
                words: one.kind.words(),
                name: one.name.clone(),
                last_used: When::maybe(one.last_used_at, now),
            })
            .collect(),
        codes_left: enrolled.codes_left,
        sessions: sessions
            .iter()
            .map(|one| {
                let end = if may_change {
                    paths::technician_session(id, one.id)
                } else {
                    String::new()
                };
                SessionView::of(one, viewer.session, end, now)
            })
            .collect(),
        hands_off: if technician.id == viewer.id {
            "This is you. Another owner or admin changes your role or your login."
        } else if viewer.role.may_give(technician.role) {
            ""
        } else {
            "Only an owner can change an owner."
        },
        roles_follow: linked.is_some()
            && app
                .sso
                .as_ref()
                .is_some_and(|sso| !sso.rules.roles.is_empty()),
        sign_on: linked.map(|linked| SignOnFacts::new(&linked, now)),
        roles: choices(&viewer, Some(technician.role)),
        tenants: tenants::sentence(&limit, reach),
        tenants_href: paths::technician(id, "tenants"),
        paths: Acts {
            role: paths::technician(id, "role"),
            reset: paths::technician(id, "reset"),
            disable: paths::technician(id, "disabling"),
            enable: paths::technician(id, "enabling"),
            logout: paths::technician(id, "logout"),
            unlink: paths::technician(id, "sign-on/removal"),
            reset_factors: paths::technician(id, "factors-reset"),
        },
    })
}
