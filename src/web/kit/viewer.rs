//! Who is looking: a signed-in technician, with the scope of tenants they may see. Read from the database on each request,
//! so that a demotion counts from the next one on. Somebody halfway through the login is nobody here.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, Uri, header};
use tower_sessions::Session;
use url::Url;
use uuid::Uuid;

use super::denial::Known;
use super::error::WebError;
use super::peer::Asker;
use super::session;
use crate::app::App;
use crate::domain::op::{Actor, Op, Scope};
use crate::domain::technician::factor::{Passkeys, Prover};
use crate::domain::technician::{Permission, Role, Technician};
use crate::storage::TechnicianId;

/// A signed-in technician. What their role may do is asked by the route's policy, before any page.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub id: TechnicianId,
    pub email: String,
    pub display_name: String,
    pub role: Role,
    /// Which tenants this viewer may see.
    pub scope: Scope,
    /// What this login is named by.
    pub session: Uuid,
    /// The second factor was proved within [`session::FRESH`].
    is_fresh: bool,
    /// Where a fresh proof leads back to: this page, or the one that the form was on.
    back: String,
    asker: Asker,
}

impl Viewer {
    /// Begin a unit of work in this technician's name.
    pub async fn begin(&self, app: &App) -> Result<Op, sqlx::Error> {
        Ok(
            Op::begin_within(&app.pool, &app.clock, self.actor(), self.scope)
                .await?
                .for_request(&self.asker.request_id),
        )
    }

    /// The id of the request that this technician is looking with.
    pub fn request_id(&self) -> &str {
        &self.asker.request_id
    }

    /// This technician, as the audit log names them.
    pub fn actor(&self) -> Actor {
        Actor::Technician {
            id: self.id,
            email: self.email.clone(),
            ip: self.asker.ip.clone(),
        }
    }

    /// Whether this viewer has the permission: by their role, and as far as tenants they are not limited to are concerned.
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission) && (self.sees_all() || !permission.concerns_all_tenants())
    }

    /// Whether this viewer may see every tenant.
    pub fn sees_all(&self) -> bool {
        self.scope.is_all()
    }

    /// Whether controls that change something are shown.
    pub fn may_change(&self) -> bool {
        self.role.may(Permission::Work)
    }

    /// Before a dangerous act: the second factor must have been proved a short while ago, else it is asked for, and what was
    /// sent is kept until then ([`super::kept`]).
    pub fn must_be_fresh(&self) -> Result<(), WebError> {
        if self.is_fresh {
            Ok(())
        } else {
            Err(WebError::StepUp {
                next: self.back.clone(),
            })
        }
    }

    /// This viewer as the domain knows them.
    pub fn technician(&self) -> Technician {
        Technician {
            id: self.id,
            email: self.email.clone(),
            display_name: self.display_name.clone(),
            role: self.role,
            disabled: false,
            limited: !self.sees_all(),
        }
    }

    /// This viewer, about to prove something.
    pub fn prover<'a>(&'a self, app: &'a App) -> Prover<'a> {
        prover(app, &self.asker)
    }
}

/// Somebody from there, about to prove something.
pub fn prover<'a>(app: &'a App, asker: &'a Asker) -> Prover<'a> {
    Prover {
        pool: &app.pool,
        clock: &app.clock,
        keeper: &app.keeper,
        ip: &asker.ip,
        request_id: &asker.request_id,
    }
}

/// Passkeys of this site; none where browsers offer none.
pub fn passkeys(app: &App) -> Option<Passkeys> {
    Passkeys::at(&app.site.base_url, &app.site.msp_name)
}

/// Whether this role must have a passkey here.
pub fn needs_passkey(app: &App, role: Role) -> bool {
    app.login.passkey_for_admins && role.may(Permission::People) && passkeys(app).is_some()
}

impl FromRequestParts<App> for Viewer {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, WebError> {
        // Asked for several times by one page: as itself, for the frame, for the visit.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let session = Session::from_request_parts(parts, app)
            .await
            .map_err(|(_, why)| WebError::Unexpected(anyhow::anyhow!(why)))?;
        let standing = match session::standing(&session).await? {
            Some(standing) if standing.is_full() => standing,
            Some(_) => return Err(WebError::Factor),
            None => {
                return Err(WebError::SignIn {
                    next: next_of(&parts.method, &parts.uri),
                });
            }
        };
        let technician = &standing.technician;
        if let Some(known) = parts.extensions.get::<Known>() {
            known.is(technician, &Asker::of(parts).ip);
        }
        let looks = matches!(parts.method, Method::GET | Method::HEAD);
        session::keep_alive(&session, &parts.headers, app).await?;
        if looks {
            session::renew_if_due(&session, &standing, app).await?;
        }
        let viewer = Self {
            scope: technician.scope(),
            id: technician.id,
            email: technician.email.clone(),
            display_name: technician.display_name.clone(),
            role: technician.role,
            session: standing.row,
            is_fresh: standing.is_fresh(app.clock.now()),
            back: back_to(parts, &app.site.base_url),
            asker: Asker::of(parts),
        };
        parts.extensions.insert(viewer.clone());
        Ok(viewer)
    }
}

/// The active technician who is signed in here; nobody before the second factor was proved.
pub async fn signed_in(session: &Session) -> Result<Option<Technician>, WebError> {
    let standing = session::standing(session).await?;
    let full = standing.filter(session::Standing::is_full);
    Ok(full.map(|standing| standing.technician))
}

/// Whether the second factor was proved in this session within [`session::FRESH`]. Who is not fresh is answered by
/// `WebError::StepUp`; [`Viewer::must_be_fresh`] does both.
pub async fn is_fresh(session: &Session, app: &App) -> Result<bool, WebError> {
    let standing = session::standing(session).await?;
    Ok(standing.is_some_and(|standing| standing.is_fresh(app.clock.now())))
}

/// Where to go after the login: only a page that was asked for, never a change.
fn next_of(method: &Method, uri: &Uri) -> String {
    if *method != Method::GET || uri.path() == "/" {
        return String::new();
    }
    uri.path_and_query()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// The page itself, or for a change the page of ours that it was sent from.
fn back_to(parts: &Parts, base: &Url) -> String {
    if matches!(parts.method, Method::GET) {
        return next_of(&parts.method, &parts.uri);
    }
    let referer = parts.headers.get(header::REFERER);
    let referer = referer.and_then(|from| Url::parse(from.to_str().ok()?).ok());
    let ours = referer.filter(|from| from.origin() == base.origin());
    ours.map_or_else(String::new, |from| {
        from[url::Position::BeforePath..url::Position::AfterQuery].to_owned()
    })
}
