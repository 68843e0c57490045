//! Who is looking: a signed-in technician, with the scope of tenants they may see. Read from the database on each request,
//! so that a demotion counts from the next one on.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use tower_sessions::Session;

use super::denial::Known;
use super::error::WebError;
use super::peer::Asker;
use super::session;
use crate::app::App;
use crate::domain::op::{Actor, Op, Scope};
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
    asker: Asker,
}

impl Viewer {
    /// Begin a unit of work in this technician's name.
    pub async fn begin(&self, app: &App) -> Result<Op, sqlx::Error> {
        let actor = Actor::Technician {
            id: self.id,
            email: self.email.clone(),
            ip: self.asker.ip.clone(),
        };
        Ok(Op::begin_within(&app.pool, &app.clock, actor, self.scope)
            .await?
            .for_request(&self.asker.request_id))
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
        let Some(technician) = signed_in(&session).await? else {
            return Err(WebError::SignIn {
                next: next_of(&parts.method, &parts.uri),
            });
        };
        if let Some(known) = parts.extensions.get::<Known>() {
            known.is(&technician, &Asker::of(parts).ip);
        }
        session::keep_alive(&session, &parts.headers, app).await?;
        let viewer = Self {
            scope: technician.scope(),
            id: technician.id,
            email: technician.email,
            display_name: technician.display_name,
            role: technician.role,
            asker: Asker::of(parts),
        };
        parts.extensions.insert(viewer.clone());
        Ok(viewer)
    }
}

/// The active technician of this session. A session of somebody who was disabled ends here.
pub async fn signed_in(session: &Session) -> Result<Option<Technician>, WebError> {
    let found = session::technician_of(session).await?;
    if found.as_ref().is_some_and(|one| !one.is_active()) {
        session.flush().await?;
        return Ok(None);
    }
    Ok(found)
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
