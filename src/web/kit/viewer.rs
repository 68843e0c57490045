//! Who is looking: a signed-in technician, with the scope of tenants they may see. Read from the database on each request,
//! so that a demotion counts from the next one on.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use tower_sessions::Session;

use super::error::WebError;
use super::session::{Peer, TECHNICIAN_KEY};
use crate::app::App;
use crate::domain::op::{Actor, Op, Scope};
use crate::domain::technician::{self, Role};
use crate::storage::TechnicianId;

/// A signed-in technician. A `viewer` may look and change nothing: any changing request of theirs is refused here.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub id: TechnicianId,
    pub email: String,
    pub display_name: String,
    pub role: Role,
    /// Which tenants this viewer may see.
    pub scope: Scope,
    ip: String,
    request_id: String,
}

impl Viewer {
    /// Begin a unit of work in this technician's name.
    pub async fn begin(&self, app: &App) -> Result<Op, sqlx::Error> {
        let actor = Actor::Technician {
            id: self.id,
            email: self.email.clone(),
            ip: self.ip.clone(),
        };
        Ok(Op::begin(&app.pool, &app.clock, actor)
            .await?
            .for_request(&self.request_id))
    }

    /// Whether controls that change something are shown.
    pub fn may_change(&self) -> bool {
        self.role.may_change()
    }
}

impl FromRequestParts<App> for Viewer {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, WebError> {
        let session = Session::from_request_parts(parts, app)
            .await
            .map_err(|(_, why)| WebError::Unexpected(anyhow::anyhow!(why)))?;
        let Some(id) = session.get::<TechnicianId>(TECHNICIAN_KEY).await? else {
            return Err(WebError::SignIn {
                next: next_of(&parts.method, &parts.uri),
            });
        };
        let mut op = Op::begin(&app.pool, &app.clock, Actor::Worker("sign-in")).await?;
        let found = technician::find(&mut op, id).await?;
        let Some(technician) = found.filter(technician::Technician::is_active) else {
            session.flush().await?;
            return Err(WebError::SignIn {
                next: String::new(),
            });
        };
        if !matches!(parts.method, Method::GET | Method::HEAD) && !technician.role.may_change() {
            return Err(WebError::Forbidden);
        }
        let request_id = parts.extensions.get::<tower_http::request_id::RequestId>();
        Ok(Self {
            id,
            email: technician.email,
            display_name: technician.display_name,
            role: technician.role,
            scope: Scope::all(),
            ip: parts
                .extensions
                .get::<Peer>()
                .map(|peer| peer.0.clone())
                .unwrap_or_default(),
            request_id: request_id
                .and_then(|id| id.header_value().to_str().ok())
                .unwrap_or_default()
                .to_owned(),
        })
    }
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
