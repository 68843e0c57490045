//! Who may pass a route. Each route has one policy (`routes`), and [`enforce`] asks it before any handler runs: what is not
//! allowed here never reaches the code of a page.

use std::sync::Arc;

use axum::RequestExt;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Serialize, Serializer};

use super::error::WebError;
use super::routes::{Policies, Rule};
use super::viewer::Viewer;
use crate::app::App;
use crate::domain::api_key::ApiScope;
use crate::domain::technician::Permission;
use crate::web::api;

/// Who may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Anybody: nothing behind it belongs to anyone.
    Public,
    /// The bearer of an invitation link: the page itself finds the invitation by the link or by its cookie.
    Customer,
    /// A technician who signed in, with this permission.
    Technician(Permission),
    /// A script with an API key that has this scope; none: any key. Cookies count for nothing here.
    Key(Option<ApiScope>),
}

impl Policy {
    /// A technician who may look.
    pub const LOOK: Self = Self::Technician(Permission::Look);
    /// A technician who may change tenants.
    pub const WORK: Self = Self::Technician(Permission::Work);

    /// The word that the inventory and the documentation use.
    pub fn name(self) -> String {
        match self {
            Self::Public => "public".to_owned(),
            Self::Customer => "customer".to_owned(),
            Self::Technician(permission) => format!("technician: {permission}"),
            Self::Key(None) => "key".to_owned(),
            Self::Key(Some(scope)) => format!("key: {scope}"),
        }
    }
}

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

/// Layer of the routed pages: let in whom the route's policy allows. A route that no policy names is not served.
pub async fn enforce(
    State((app, policies)): State<(App, Arc<Policies>)>,
    template: Option<MatchedPath>,
    mut request: Request,
    next: Next,
) -> Response {
    let template = template.as_ref().map_or("", MatchedPath::as_str);
    match policies.of(request.method(), template) {
        // The path is known and the method is not (RFC 9110 section 15.5.6).
        None => {
            let allow = [(header::ALLOW, policies.allow(template))];
            (StatusCode::METHOD_NOT_ALLOWED, allow).into_response()
        }
        Some(Rule {
            policy: Policy::Public | Policy::Customer,
            ..
        }) => next.run(request).await,
        Some(Rule {
            policy: Policy::Key(scope),
            takes,
            ..
        }) => api::admit(&app, scope, takes, request, next).await,
        Some(Rule {
            policy: Policy::Technician(permission),
            fresh,
            ..
        }) => {
            // Leaves the viewer in the request for the page.
            match request.extract_parts_with_state::<Viewer, App>(&app).await {
                Ok(viewer) if !viewer.may(permission) => WebError::Forbidden.into_response(),
                Ok(viewer) => match viewer.must_be_fresh() {
                    Err(stale) if fresh => stale.into_response(),
                    _ => next.run(request).await,
                },
                Err(refused) => refused.into_response(),
            }
        }
    }
}
