//! A technician's visit to one tenant's Customer portal: the tenant is found within the viewer's scope, and the first
//! request into another tenant is written to the audit log.

use axum::extract::{FromRequestParts, Path, RawPathParams, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect};
use tower_sessions::Session;

use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::op::Scope;
use crate::domain::tenant::{self, ShortName, Tenant};
use crate::storage::TenantId;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;

const VISITING: &str = "visiting";

/// The tenant named in the path, as the Customer portal's frame shows it.
#[derive(Clone, Debug)]
pub struct Visit {
    pub tenant: Tenant,
    pub id: TenantId,
    pub short_name: String,
    pub full_name: String,
}

impl Visit {
    /// This tenant and no other.
    pub fn scope(&self) -> Scope {
        Scope::one(self.id)
    }

    pub fn paths(&self) -> TenantPaths<'_> {
        TenantPaths(&self.short_name)
    }
}

impl FromRequestParts<App> for Visit {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, WebError> {
        let viewer = Viewer::from_request_parts(parts, app).await?;
        let session = Session::from_request_parts(parts, app)
            .await
            .map_err(|(_, why)| WebError::Unexpected(anyhow::anyhow!(why)))?;
        let params = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|_| WebError::NotFound)?;
        let name = params
            .iter()
            .find(|(key, _)| *key == "short")
            .and_then(|(_, value)| ShortName::parse(value));
        let name = name.ok_or(WebError::NotFound)?;
        let mut op = viewer.begin(app).await?;
        let tenant = tenant::find_by_short_name(&mut op, viewer.scope, &name)
            .await?
            .ok_or(WebError::NotFound)?;
        if session.get::<TenantId>(VISITING).await? != Some(tenant.id) {
            Entry::new("customer_portal.entered")
                .tenant(tenant.id)
                .object("tenant", tenant.id)
                .write(&mut op)
                .await?;
            op.commit().await?;
            session.insert(VISITING, tenant.id).await?;
        }
        Ok(Self {
            id: tenant.id,
            short_name: tenant.short_name.to_string(),
            full_name: tenant.full_name.clone(),
            tenant,
        })
    }
}

pub(super) fn router() -> Routes {
    // Changes nothing but their own way through the portal.
    Routes::new().post("/tenants/{short}/leave", Policy::LOOK, leave)
}

/// End the visit, if it is this tenant's, and go back to the list of tenants.
async fn leave(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(short): Path<String>,
) -> WebResult {
    let name = ShortName::parse(&short).ok_or(WebError::NotFound)?;
    let mut op = viewer.begin(&app).await?;
    let tenant = tenant::find_by_short_name(&mut op, viewer.scope, &name)
        .await?
        .ok_or(WebError::NotFound)?;
    if session.get::<TenantId>(VISITING).await? == Some(tenant.id) {
        Entry::new("customer_portal.left")
            .tenant(tenant.id)
            .object("tenant", tenant.id)
            .write(&mut op)
            .await?;
        op.commit().await?;
        session.remove::<TenantId>(VISITING).await?;
    }
    Ok(Redirect::to(paths::TENANTS).into_response())
}
