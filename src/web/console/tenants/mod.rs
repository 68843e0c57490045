//! "Tenants": the list, adding and editing, and pausing or putting away. What happens inside one tenant is the Customer
//! portal's.

mod edit;
mod fields;
mod index;
mod lifecycle;
mod new;

use axum::Router;
use axum::routing::get;

use crate::app::App;
use crate::domain::op::Op;
use crate::domain::tenant::{self, ShortName, Tenant};
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

pub(super) fn router() -> Router<App> {
    let confirmed = get(lifecycle::show).post(lifecycle::act);
    Router::new()
        .route(paths::TENANTS, get(index::show).post(new::create))
        .route(paths::NEW_TENANT, get(new::show))
        .route("/tenants/{short}/edit", get(edit::show).post(edit::save))
        .route("/tenants/{short}/suspension", confirmed.clone())
        .route("/tenants/{short}/resumption", confirmed.clone())
        .route("/tenants/{short}/archival", confirmed.clone())
        .route("/tenants/{short}/restoration", confirmed)
}

/// The tenant named in the address, as far as this viewer may see and change it. To administer a tenant is no visit to its
/// Customer portal.
async fn administered(op: &mut Op, viewer: &Viewer, short: &str) -> WebResult<Tenant> {
    if !viewer.may_change() {
        return Err(WebError::Forbidden);
    }
    let name = ShortName::parse(short).ok_or(WebError::NotFound)?;
    tenant::find_by_short_name(op, viewer.scope, &name)
        .await?
        .ok_or(WebError::NotFound)
}
