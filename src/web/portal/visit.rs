//! A technician's visit to one tenant's Customer portal: the tenant is found within the viewer's scope, the first request into
//! another tenant enters it, and after its time the portal must be entered again by a click.

use axum::extract::{FromRequestParts, Path, RawPathParams, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use time::OffsetDateTime;
use tower_sessions::Session;

use crate::app::App;
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::{self, ShortName, Tenant};
use crate::domain::visit::{self, Stay};
use crate::storage::TenantId;
use crate::web::kit::error::{ENTER_AGAIN, WebError, WebResult};
use crate::web::kit::form::Form;
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;

/// Under this key a login session holds the [`Stay`].
const STAY: &str = "stay";

/// The tenant named in the path, as the Customer portal's frame shows it.
#[derive(Clone, Debug)]
pub struct Visit {
    pub tenant: Tenant,
    pub id: TenantId,
    pub short_name: String,
    pub full_name: String,
    /// Until the visit's time is over.
    pub seconds_left: i64,
}

impl Visit {
    /// This tenant and no other.
    pub fn scope(&self) -> Scope {
        Scope::one(self.id)
    }

    pub fn paths(&self) -> TenantPaths<'_> {
        TenantPaths(&self.short_name)
    }

    /// Rounded up, for pages that do not count.
    pub fn minutes_left(&self) -> i64 {
        (self.seconds_left + 59) / 60
    }

    fn of(tenant: Tenant, stay: Stay, now: OffsetDateTime) -> Self {
        Self {
            id: tenant.id,
            short_name: tenant.short_name.to_string(),
            full_name: tenant.full_name.clone(),
            seconds_left: stay.left(now).map_or(0, time::Duration::whole_seconds),
            tenant,
        }
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
            .map(|(_, value)| value)
            .ok_or(WebError::NotFound)?;
        let mut op = viewer.begin(app).await?;
        let tenant = find(&mut op, &viewer, name).await?;
        let stay: Option<Stay> = session.get(STAY).await?;
        let now = op.now();
        match stay.filter(|stay| stay.tenant == tenant.id) {
            Some(stay) if stay.left(now).is_some() => {
                if visit::seen(&mut op, &stay).await? {
                    op.commit().await?;
                }
                Ok(Self::of(tenant, stay, now))
            }
            Some(_) if !enters_again(parts) => Err(WebError::VisitOver {
                enter: TenantPaths(tenant.short_name.as_str()).visit(),
            }),
            _ => {
                let stay = visit::enter(&mut op, tenant.id, app.visit, stay).await?;
                op.commit().await?;
                session.insert(STAY, stay).await?;
                Ok(Self::of(tenant, stay, now))
            }
        }
    }
}

/// Whether this is a form whose button said "Enter again and send".
fn enters_again(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    parts.method == Method::POST
        && url::form_urlencoded::parse(query.as_bytes())
            .any(|(name, value)| (name.as_ref(), value.as_ref()) == ENTER_AGAIN)
}

async fn find(op: &mut Op, viewer: &Viewer, name: &str) -> WebResult<Tenant> {
    let name = ShortName::parse(name).ok_or(WebError::NotFound)?;
    tenant::find_by_short_name(op, viewer.scope, &name)
        .await?
        .ok_or(WebError::NotFound)
}

pub(super) fn router() -> Routes {
    // They change nothing but one's own way through the portal.
    Routes::new()
        .post("/tenants/{short}/visit", Policy::LOOK, enter)
        .post("/tenants/{short}/leave", Policy::LOOK, leave)
}

/// Where to go on.
#[derive(Debug, Deserialize)]
struct EnterForm {
    #[serde(default)]
    next: String,
}

/// Enter again, and go on where the visit ended.
async fn enter(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(short): Path<String>,
    Form(form): Form<EnterForm>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let tenant = find(&mut op, &viewer, &short).await?;
    let former: Option<Stay> = session.get(STAY).await?;
    let stay = visit::enter(&mut op, tenant.id, app.visit, former).await?;
    op.commit().await?;
    session.insert(STAY, stay).await?;
    let overview = TenantPaths(tenant.short_name.as_str()).overview();
    let next = if is_below(&form.next, &overview) {
        &form.next
    } else {
        &overview
    };
    Ok(Redirect::to(next).into_response())
}

/// Whether `next` is a page of the portal that begins at `overview`: a plain path below it, and nowhere else.
fn is_below(next: &str, overview: &str) -> bool {
    let is_plain = next
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let below = next
        .strip_prefix(overview)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    is_plain && below && !next.contains("/..") && !next.contains("//")
}

/// End the visit, if it is this tenant's, and go back to the list of tenants.
async fn leave(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(short): Path<String>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let tenant = find(&mut op, &viewer, &short).await?;
    let stay: Option<Stay> = session.get(STAY).await?;
    if let Some(stay) = stay.filter(|stay| stay.tenant == tenant.id) {
        visit::leave(&mut op, &stay).await?;
        op.commit().await?;
        session.remove::<Stay>(STAY).await?;
    }
    Ok(Redirect::to(paths::TENANTS).into_response())
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn entering_again_leads_into_the_same_portal_alone() {
        let at = "/tenants/alder";
        for page in [
            "/tenants/alder",
            "/tenants/alder/activity",
            "/tenants/alder?x=1",
            "/tenants/alder/msal-errors?code=1&page=2",
        ] {
            assert!(is_below(page, at), "{page}");
        }
        for other in [
            "",
            "/",
            "/tenants",
            "/tenants/alderbrook",
            "/tenants/alder/../birch",
            "/tenants/alder//evil.example",
            "/tenants/alder\\x",
            "//tenants/alder",
            "https://evil.example/tenants/alder",
            "/tenants/alder/\u{9}x",
        ] {
            assert!(!is_below(other, at), "{other}");
        }
    }
}
