//! "Tenants": the list, adding and editing, and pausing or putting away. What happens inside one tenant is the Customer
//! portal's.

mod edit;
mod export;
mod fields;
mod import;
mod index;
mod lifecycle;
mod new;

#[cfg(feature = "faults")]
pub(super) use fields::{Sent, typed};

use crate::domain::op::Op;
use crate::domain::technician::Permission;
use crate::domain::tenant::{self, ShortName, Tenant};
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;

pub(super) fn router() -> Routes {
    const STEPS: [&str; 4] = ["suspension", "resumption", "archival", "restoration"];
    const ADD: Policy = Policy::Technician(Permission::AddTenants);
    let routes = Routes::new()
        .get(paths::TENANTS, Policy::LOOK, index::show)
        .post(paths::TENANTS, ADD, new::create)
        .get(paths::NEW_TENANT, ADD, new::show)
        .get(paths::TENANTS_IMPORT, ADD, import::show)
        .post(paths::TENANTS_IMPORT, ADD, import::take)
        .get(paths::TENANTS_CSV, Policy::LOOK, export::csv)
        .fresh()
        .get(paths::TENANTS_JSON, Policy::LOOK, export::json)
        .fresh()
        .get("/tenants/{short}/edit", Policy::WORK, edit::show)
        .post("/tenants/{short}/edit", Policy::WORK, edit::save);
    STEPS.iter().fold(routes, |routes, step| {
        let path = format!("/tenants/{{short}}/{step}");
        routes
            .get(&path, Policy::WORK, lifecycle::show)
            .post(&path, Policy::WORK, lifecycle::act)
    })
}

/// The tenant named in the address, as far as this viewer may see and change it. To administer a tenant is no visit to its
/// Customer portal.
async fn administered(op: &mut Op, viewer: &Viewer, short: &str) -> WebResult<Tenant> {
    let name = ShortName::parse(short).ok_or(WebError::NotFound)?;
    tenant::find_by_short_name(op, viewer.scope, &name)
        .await?
        .ok_or(WebError::NotFound)
}
